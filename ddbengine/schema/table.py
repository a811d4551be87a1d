"""What a table is: keys, indexes, settings.

Plain frozen data, built from a CreateTable request and kept in the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

ITEMS = b"I"


class KeyAttribute(NamedTuple):  # which is hashed without a step of Python, as part of what is looked up by it
    name: str
    type: str
    """S, N or B."""


KeyLayout = tuple[bytes, tuple[KeyAttribute, ...], tuple[KeyAttribute, ...]]
"""What the keys of a table's or an index's rows start with, their partition attributes, and their sort attributes."""


@dataclass(frozen=True, slots=True)
class Projection:
    type: str
    """ALL, KEYS_ONLY or INCLUDE."""
    non_key_attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchElement:
    """An attribute that a search of a vector index may ask for by its value."""

    attribute: KeyAttribute
    is_partition: bool
    """HASH: every search names its value; else INLINE_FILTER."""


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """What a vector index holds vectors of, and how near they are to one another."""

    attribute: str
    dimensions: int
    distance: str
    """COSINE, EUCLIDEAN or DOT_PRODUCT."""
    search_schema: tuple[SearchElement, ...] = ()
    """In request order."""


@dataclass(frozen=True)
class IndexSchema:
    name: str
    number: int
    """Names the index's entries in the store; never reused within the store (drawn from the same counter as tables)."""
    is_global: bool
    """It follows the change log; so does a vector index."""
    partition: tuple[KeyAttribute, ...]
    """Of a vector index, the HASH elements of its search schema; often none."""
    sort: tuple[KeyAttribute, ...]
    projection: Projection
    settings: dict[str, Any] = field(default_factory=dict)
    """Wire members echoed by DescribeTable: ProvisionedThroughput, OnDemandThroughput, WarmThroughput."""
    is_filling: bool = False
    """A global index that was added to a table and does not have all its items yet."""
    vector: VectorSpace | None = None
    """Of a vector index only."""

    @cached_property
    def key(self) -> tuple[KeyAttribute, ...]:
        """Partition then sort attributes: what an item must have to be in the index."""
        return self.partition + self.sort

    @cached_property
    def filters(self) -> tuple[KeyAttribute, ...]:
        """Of a vector index, the INLINE_FILTER elements of its search schema."""
        elements = () if self.vector is None else self.vector.search_schema
        return tuple(element.attribute for element in elements if not element.is_partition)


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """Which attribute says when an item expires."""

    attribute: str
    number: int
    """Names the expiry entries in the store (``indexes.expiries``); drawn from the same counter as tables, so that
    switching off and on again starts with none."""


def _name(index: IndexSchema) -> str:
    return index.name


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
    vector_indexes: tuple[IndexSchema, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """The remaining description, see schema.describe."""
    tags: dict[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> tuple[KeyAttribute, ...]:
        """One or two attributes: partition, then sort."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @cached_property
    def item_prefix(self) -> bytes:
        """What every key of the table's items starts with: 5 bytes."""
        return ITEMS + self.number.to_bytes(4, "big")

    @cached_property
    def layout(self) -> KeyLayout:
        return self.item_prefix, (self.partition,), () if self.sort is None else (self.sort,)

    @cached_property
    def key_types(self) -> dict[str, str]:
        return {attribute.name: attribute.type for attribute in self.key}

    @cached_property
    def key_names(self) -> frozenset[str]:
        return frozenset(attribute.name for attribute in self.key)

    @cached_property
    def indexes(self) -> tuple[IndexSchema, ...]:
        """The secondary indexes, local ones first."""
        return self.local_indexes + self.global_indexes

    @cached_property
    def following_indexes(self) -> tuple[IndexSchema, ...]:
        """Those that follow the change log: global ones and vector indexes."""
        return self.global_indexes + self.vector_indexes

    @cached_property
    def all_indexes(self) -> tuple[IndexSchema, ...]:
        """Of every kind: local, global, vector."""
        return self.indexes + self.vector_indexes

    @cached_property
    def vector_dimensions(self) -> dict[str, int]:
        """By name, how many dimensions each attribute has that a vector index reads."""
        return {index.vector.attribute: index.vector.dimensions for index in self.vector_indexes if index.vector}

    @cached_property
    def indexes_by_name(self) -> tuple[IndexSchema, ...]:
        """In the order in which the service checks an item's index keys: of several at fault the first is named."""
        return tuple(sorted(self.indexes, key=_name))

    @cached_property
    def all_indexes_by_name(self) -> tuple[IndexSchema, ...]:
        """The same of every kind."""
        return tuple(sorted(self.all_indexes, key=_name))

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
        """Whether a follower of the change log has a use for the table's changes: the indexes that follow it, its
        stream, or point-in-time recovery."""
        return self.is_streamed or bool(self.following_indexes) or self.is_recoverable

    @cached_property
    def is_recoverable(self) -> bool:
        """Whether point-in-time recovery is switched on; ``engine.history`` has since when."""
        return bool(self.settings.get("PointInTimeRecovery", False))

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
        return {index.number: self._projected_by(index) for index in self.all_indexes}

    def _projected_by(self, index: IndexSchema) -> frozenset[str] | None:
        if index.projection.type == "ALL":
            return None
        keys = (attribute.name for attribute in self.key + index.key + index.filters)
        vector = () if index.vector is None else (index.vector.attribute,)
        return frozenset((*keys, *vector, *index.projection.non_key_attributes))

    def index(self, name: str) -> IndexSchema | None:
        """The secondary index of a name."""
        return next((index for index in self.indexes if index.name == name), None)

    def vector_index(self, name: str) -> IndexSchema | None:
        return next((index for index in self.vector_indexes if index.name == name), None)
