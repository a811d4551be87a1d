"""What a table is: keys, indexes, settings.  Plain frozen data, built from a CreateTable request and kept in the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
