"""The tables the requests go to: every type of key, every kind of index and projection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.differential.peers import Request

ATTRIBUTE_TYPES = {"g1": "S", "g2": "N", "g3": "B", "l1": "S", "l2": "N"}
"""Attributes that some index uses as its key, with the type each has wherever it is one."""


@dataclass(frozen=True, slots=True)
class Index:
    name: str
    partition: str
    sort: str | None
    projection: dict[str, Any]
    is_global: bool

    @property
    def key(self) -> tuple[str, ...]:
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    def definition(self) -> dict[str, Any]:
        return {"IndexName": self.name, "KeySchema": key_schema(*self.key), "Projection": self.projection}


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    partition_type: str
    sort_type: str | None = None
    indexes: tuple[Index, ...] = ()
    on_demand: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        return ("pk",) if self.sort_type is None else ("pk", "sk")

    def type_of(self, name: str) -> str:
        """The type of a key attribute of the table or of one of its indexes."""
        if name == "pk":
            return self.partition_type
        if name == "sk" and self.sort_type is not None:
            return self.sort_type
        return ATTRIBUTE_TYPES[name]

    def creation(self) -> Request:
        names = dict.fromkeys([*self.key, *(name for index in self.indexes for name in index.key)])
        body: dict[str, Any] = {
            "TableName": self.name,
            "KeySchema": key_schema(*self.key),
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": self.type_of(name)} for name in names],
        }
        body |= {"BillingMode": "PAY_PER_REQUEST"} if self.on_demand else {"ProvisionedThroughput": throughput(5, 7)}
        for member, is_global in (("GlobalSecondaryIndexes", True), ("LocalSecondaryIndexes", False)):
            definitions = [index.definition() for index in self.indexes if index.is_global is is_global]
            if is_global and not self.on_demand:
                definitions = [definition | {"ProvisionedThroughput": throughput(3, 2)} for definition in definitions]
            if definitions:
                body[member] = definitions
        return Request("CreateTable", body)


def key_schema(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    elements = [{"AttributeName": partition, "KeyType": "HASH"}]
    return elements if sort is None else [*elements, {"AttributeName": sort, "KeyType": "RANGE"}]


def throughput(reads: int, writes: int) -> dict[str, int]:
    return {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}


ALL = {"ProjectionType": "ALL"}
KEYS_ONLY = {"ProjectionType": "KEYS_ONLY"}
INCLUDE = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "m"]}

LOCAL_INDEXES = (
    Index("local-all", "pk", "l1", ALL, is_global=False),
    Index("local-keys", "pk", "l2", KEYS_ONLY, is_global=False),
    Index("local-some", "pk", "g2", INCLUDE, is_global=False),
)
GLOBAL_INDEXES = (
    Index("global-all", "g1", "g2", ALL, is_global=True),
    Index("global-keys", "g2", None, KEYS_ONLY, is_global=True),
    Index("global-some", "g3", "sk", INCLUDE, is_global=True),
)
HASH_GLOBAL_INDEXES = (
    Index("global-all", "g1", "g2", ALL, is_global=True),
    Index("global-keys", "g1", "g3", KEYS_ONLY, is_global=True),
)

TABLES = (
    Table("diff-s", "S", indexes=HASH_GLOBAL_INDEXES),
    Table("diff-n", "N"),
    Table("diff-b", "B", on_demand=False),
    Table("diff-ss", "S", "S", LOCAL_INDEXES + GLOBAL_INDEXES),
    Table("diff-sn", "S", "N", GLOBAL_INDEXES, on_demand=False),
    Table("diff-sb", "S", "B", LOCAL_INDEXES),
    Table("diff-nn", "N", "N", LOCAL_INDEXES[:1]),
    Table("diff-bs", "B", "S"),
)
"""What well-formed requests go to."""

REFUSALS = Table("diff-refusals", "S", "N", LOCAL_INDEXES + GLOBAL_INDEXES)
"""What malformed requests go to.  Never read back: a write that the emulator wrongly accepts stays."""
