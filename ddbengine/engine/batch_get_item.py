"""BatchGetItem: up to 100 items of several tables.  Order of checks: FACTS 3.5; limits: FACTS 5.8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import body
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.get_item import EXPRESSIONS, LEGACY, read_projection_of_lookup
from ddbengine.engine.keys import check_scalar_keys, lookup_key
from ddbengine.engine.values import CURRENT_READ
from ddbengine.errors import ValidationException
from ddbengine.expressions import Projection, check_mixing
from ddbengine.limits import BATCH_GET_MAX_BYTES, BATCH_GET_MAX_KEYS
from ddbengine.storage.store import Outcome, ReadTxn


@dataclass(frozen=True, slots=True)
class TableKeys:
    """What is asked of one table."""

    table_name: str
    keys: list[dict[str, bytes]]
    projection: Projection | None
    consistent: bool
    wire: dict[str, Any]
    """The request's own KeysAndAttributes, for what stays unprocessed."""


@dataclass(slots=True)
class Budget:
    """Bytes that may still be read for the response; after the first item that does not fit, no more."""

    left: int = BATCH_GET_MAX_BYTES

    def spend(self, size: int) -> bool:
        if size > self.left:
            self.left = -1
        else:
            self.left -= size
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class BatchGetItem:
    surroundings: Surroundings
    namespace: str
    tables: list[TableKeys]
    consistent: bool
    capacity_detail: str | None
    writes: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        catalog = self.surroundings.catalog
        schemas = [catalog.table(txn, self.namespace, table.table_name) for table in self.tables]
        stored_keys = [
            [lookup_key(schema, key) for key in table.keys] for schema, table in zip(schemas, self.tables, strict=True)
        ]
        if len(self.tables) > 1:
            _check_no_key_twice(stored_keys)
        for schema, table in zip(schemas, self.tables, strict=True):
            if table.projection is not None:
                check_scalar_keys(schema, table.projection.paths)
        budget = Budget()
        responses: dict[str, Any] = {}
        unprocessed: dict[str, Any] = {}
        reports = []
        for table, stored in zip(self.tables, stored_keys, strict=True):
            items, read, consumed = _read_table(txn, table, stored, budget)
            responses[table.table_name] = orjson.Fragment(items)
            if read < len(stored):
                unprocessed[table.table_name] = {**table.wire, "Keys": table.wire["Keys"][read:]}
            if self.capacity_detail is not None:
                reports.append(consumed.report(table.table_name, self.capacity_detail))
        members: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
        if self.capacity_detail is not None:
            members["ConsumedCapacity"] = reports
        return Outcome(body(members))


def _check_no_key_twice(stored_keys: list[list[bytes]]) -> None:
    """Each table's keys differ; but one table may be named plainly and by its ARN."""
    every = {key for of_table in stored_keys for key in of_table}
    if len(every) < sum(map(len, stored_keys)):
        raise ValidationException("Provided list of item keys contains duplicates")


def _read_table(
    txn: ReadTxn, table: TableKeys, stored_keys: list[bytes], budget: Budget
) -> tuple[bytes, int, capacity.Consumed]:
    """The JSON array of the items found, how many keys were read within the budget, and the capacity."""
    rows: list[bytes | memoryview] = []
    consumed = capacity.Consumed()
    read = 0
    for key in stored_keys:
        item = txn.get(key)
        size = 0 if item is None else _core.item_size(item)
        if not budget.spend(size):
            break
        read += 1
        consumed.table += capacity.read_units(size, table.consistent)
        if item is not None:
            rows.append(item if table.projection is None else table.projection.of(item))
    return _core.items_to_wire(rows), read, consumed


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> BatchGetItem:
    tables = []
    total = 0
    for name, wire in request["RequestItems"].items():
        check_mixing(wire, LEGACY, EXPRESSIONS)
        projection = read_projection_of_lookup(wire)
        keys = _read_keys(wire["Keys"])
        total += len(keys)
        if total > BATCH_GET_MAX_KEYS:
            raise ValidationException("Too many items requested for the BatchGetItem call")
        tables.append(TableKeys(name, keys, projection, wire.get("ConsistentRead", False), wire))
    _check_one_kind_of_projection(request["RequestItems"])
    consistent = any(table.consistent for table in tables)
    return BatchGetItem(surroundings, surroundings.namespace(caller), tables, consistent, capacity.wanted(request))


def _read_keys(wires: list[dict[str, Any]]) -> list[dict[str, bytes]]:
    keys = []
    seen = set()
    for wire in wires:
        key = CURRENT_READ.attributes(wire)
        identity = frozenset(key.items())
        if identity in seen:
            raise ValidationException("Provided list of item keys contains duplicates")
        seen.add(identity)
        keys.append(key)
    return keys


def _check_one_kind_of_projection(tables: dict[str, dict[str, Any]]) -> None:
    """Legacy on one table and an expression on another refuse the whole request (FACTS 4.8)."""
    kinds = {member for wire in tables.values() for member in (*LEGACY, *EXPRESSIONS) if member in wire}
    check_mixing(dict.fromkeys(kinds), LEGACY, EXPRESSIONS)
