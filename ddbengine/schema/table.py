"""What a table is: keys, indexes, settings.

Plain frozen data, built from a CreateTable request and kept in the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    name: str
    type: str
    """S, N or B."""


@dataclass(frozen=True, slots=True)
class Projection:
    type: str
    """ALL, KEYS_ONLY or INCLUDE."""
    non_key_attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class IndexSchema:
    name: str
    number: int
    """Names the index's entries in the store; never reused within the store (drawn from the same counter as tables)."""
    is_global: bool
    partition: tuple[KeyAttribute, ...]
    sort: tuple[KeyAttribute, ...]
    projection: Projection
    settings: dict[str, Any] = field(default_factory=dict)
    """Wire members echoed by DescribeTable: ProvisionedThroughput, OnDemandThroughput, WarmThroughput."""
    is_filling: bool = False
    """A global index that was added to a table and does not have all its items yet."""

    @cached_property
    def key(self) -> tuple[KeyAttribute, ...]:
        """Partition then sort attributes: what an item must have to be in the index."""
        return self.partition + self.sort


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """Which attribute says when an item expires."""

    attribute: str
    number: int
    """Names the expiry entries in the store (``indexes.expiries``); drawn from the same counter as tables, so that
    switching off and on again starts with none."""


@dataclass(frozen=True)
class TableSchema:
    name: str
    number: int
    namespace: str
    arn: str
    id: str
    created: float
    """Seconds since the epoch."""
    partition: KeyAttribute
    sort: KeyAttribute | None
    attribute_types: dict[str, str]
    """AttributeDefinitions, in request order."""
    local_indexes: tuple[IndexSchema, ...] = ()
    global_indexes: tuple[IndexSchema, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """The remaining description, see schema.describe."""
    tags: dict[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> tuple[KeyAttribute, ...]:
        """One or two attributes: partition, then sort."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @cached_property
    def indexes(self) -> tuple[IndexSchema, ...]:
        """Local ones first."""
        return self.local_indexes + self.global_indexes

    @cached_property
    def time_to_live(self) -> TimeToLive | None:
        """None while it is switched off."""
        setting = self.settings.get("TimeToLive")
        return None if setting is None else TimeToLive(setting["AttributeName"], setting["Number"])

    @cached_property
    def is_streamed(self) -> bool:
        """Whether the table's stream is switched on."""
        return bool(self.settings.get("StreamSpecification", {}).get("StreamEnabled", False))

    @cached_property
    def is_logged(self) -> bool:
        """Whether a follower of the change log has a use for the table's changes: its global indexes or its stream."""
        return self.is_streamed or bool(self.global_indexes)

    @cached_property
    def copies(self) -> tuple[int, ...]:
        """The numbers of backups of the table that are being made."""
        return tuple(self.settings.get("Copies", ()))

    @cached_property
    def partition_cuts(self) -> tuple[int, ...]:
        """Where one partition ends and the next begins: partition hashes, in order; none for a single partition."""
        return tuple(self.settings.get("PartitionCuts", ()))

    @cached_property
    def projected(self) -> dict[int, frozenset[str] | None]:
        """By index number, the names of the attributes the index holds; None where it holds all."""
        return {index.number: self._projected_by(index) for index in self.indexes}

    def _projected_by(self, index: IndexSchema) -> frozenset[str] | None:
        if index.projection.type == "ALL":
            return None
        keys = (attribute.name for attribute in self.key + index.key)
        return frozenset((*keys, *index.projection.non_key_attributes))

    def index(self, name: str) -> IndexSchema | None:
        return next((index for index in self.indexes if index.name == name), None)
