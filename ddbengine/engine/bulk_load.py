"""Loading many items into a table: each is put as PutItem puts it, and thousands are committed together.

The items of a batch become the very ItemChanges that requests make, so indexes, expiries and the change log hold what
they would hold after as many PutItem requests.  While one batch is committed, the next one is encoded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import orjson

from ddbengine import _core
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.engine import Engine
from ddbengine.engine.item_write import stored_item
from ddbengine.engine.keys import check_index_keys, key_of_new_item
from ddbengine.engine.put_item import check_item_size
from ddbengine.engine.values import SINGLE_WRITE
from ddbengine.errors import ApiError, SerializationException, ValidationException
from ddbengine.limits import MIB
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn

__all__ = ["ItemRefused", "Loaded", "OnRefused", "load", "load_batches"]

BATCH_MAX_ITEMS = 2_000
BATCH_MAX_BYTES = 4 * MIB
"""Of one commit, in which nothing else is written: some tens of milliseconds."""
BATCHES_UNDER_WAY = 2

Item = Mapping[str, Any]
"""DynamoDB JSON: ``{"pk": {"S": "x"}}``."""


class ItemRefused(Exception):
    """An item cannot be put.  Everything before it is in the table."""

    def __init__(self, ordinal: int, error: ApiError) -> None:
        """``ordinal`` is the item's place among those given, from 1 on; ``error`` what PutItem would answer."""
        super().__init__(f"item {ordinal}: {error.message}")
        self.ordinal = ordinal
        self.error = error


OnRefused = Callable[[int, ApiError], None]
"""Told of an item that is left out: its ordinal, from 1 on, and why.  It may raise to end the load."""


Find = Callable[[ReadTxn, str, str], TableSchema]
"""Finds a table by namespace and name, or raises ResourceNotFoundException."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How far a load is."""

    ordinal: int
    """Every item up to this one is durable or was refused."""
    items: int
    """How many were put."""


class _Put(NamedTuple):
    ordinal: int
    key: bytes
    item: bytes


@dataclass(frozen=True, slots=True)
class PutBatch:
    """Puts many items in order, the last one of a key wins.

    ``schema`` is what the items were checked against.  If the table has changed since then they are checked again, and
    the outcome's body tells the refused: a JSON list of [ordinal, message].
    """

    surroundings: Surroundings
    schema: TableSchema
    table_name: str
    puts: list[_Put]
    ordinal: int
    """Of the last item it stands for, refused ones included."""
    find: Find
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.find(txn, self.schema.namespace, self.table_name)
        puts, body = self.puts, b""
        if schema != self.schema:
            puts, refused = _checked_again(schema, puts)
            body = orjson.dumps(refused) if refused else b""
        changes: list[ItemChange] = []
        written: dict[bytes, bytes] = {}
        for _, key, item in puts:
            old = written.get(key) or stored_item(txn, key)
            if old != item:
                changes.append(ItemChange(schema, key, old, item))
                written[key] = item
        return Outcome(body, changes)


def _checked_again(schema: TableSchema, puts: list[_Put]) -> tuple[list[_Put], list[tuple[int, str]]]:
    good, refused = [], []
    for put in puts:
        try:
            good.append(put._replace(key=_key(schema, put.item)))
        except ValidationException as error:
            refused.append((put.ordinal, str(error.message)))
    return good, refused


def load(
    engine: Engine, caller: Caller, table_name: str, items: Iterable[Item], on_refused: OnRefused | None = None
) -> Loaded:
    """Put all items, and return when they are durable; see ``load_batches``."""
    *_, loaded = load_batches(engine, caller, table_name, items, on_refused)
    return loaded


def load_batches(
    engine: Engine,
    caller: Caller,
    table_name: str,
    items: Iterable[Item],
    on_refused: OnRefused | None = None,
    *,
    find: Find | None = None,
) -> Iterator[Loaded]:
    """Put items, DynamoDB JSON, and say after each durable commit how far that is; runs as it is iterated.

    An item that cannot be put raises ItemRefused, or with ``on_refused`` is told and left out.  Whatever is raised, by
    ``items`` too, what came before is durable by then.  Raise ResourceNotFoundException without the table, and
    StoreError when nothing can be written.  ``find`` finds the table also where requests do not see it yet.
    """
    under_way: deque[tuple[PutBatch, Future[Outcome]]] = deque()
    batches = _batches(engine, caller, table_name, items, on_refused, find or engine.surroundings.catalog.table)
    loaded, failure = Loaded(0, 0), None
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:
            batch, failure = None, error
        if batch is not None:
            under_way.append((batch, engine.submit(batch)))
        while under_way and (batch is None or len(under_way) == BATCHES_UNDER_WAY):
            loaded = _settled(*under_way.popleft(), loaded, on_refused)
            yield loaded
        if batch is None:
            break
    if failure is not None:
        raise failure


def _settled(batch: PutBatch, future: Future[Outcome], before: Loaded, on_refused: OnRefused | None) -> Loaded:
    refused = future.result().body
    left_out = orjson.loads(refused) if refused else []
    for ordinal, message in left_out:
        _refuse(ordinal, ValidationException(message), on_refused)
    return Loaded(batch.ordinal, before.items + len(batch.puts) - len(left_out))


def _refuse(ordinal: int, error: ApiError, on_refused: OnRefused | None) -> None:
    if on_refused is None:
        raise ItemRefused(ordinal, error)
    on_refused(ordinal, error)


def _batches(
    engine: Engine, caller: Caller, table_name: str, items: Iterable[Item], on_refused: OnRefused | None, find: Find
) -> Iterator[PutBatch]:
    """Checked and encoded batches; what cannot go on is raised behind a batch of what came before."""
    surroundings = engine.surroundings
    namespace = surroundings.namespace(caller)
    numbered = enumerate(items, 1)
    ordinal, is_last = 0, False
    while not is_last:
        with engine.store.snapshot() as txn:
            schema = find(txn, namespace, table_name)
        puts: list[_Put] = []
        size, failure = 0, None
        is_last = True
        try:
            for ordinal, wire in numbered:
                try:
                    item, item_size = _encoded(wire)
                    puts.append(_Put(ordinal, _key(schema, item), item))
                    size += item_size
                except ApiError as error:
                    _refuse(ordinal, error, on_refused)
                if len(puts) == BATCH_MAX_ITEMS or size >= BATCH_MAX_BYTES:
                    is_last = False
                    break
        except Exception as error:
            failure = error
        if puts or (is_last and failure is None):
            yield PutBatch(surroundings, schema, table_name, puts, ordinal, find)
        if failure is not None:
            raise failure


def _encoded(wire: Any) -> tuple[bytes, int]:
    """The stored form of an item and its size in bytes; raise ApiError."""
    try:
        checked = _core.check_item(wire)
    except _core.JsonTypeFault as fault:
        raise SerializationException(fault.args[0]) from None
    item, size = SINGLE_WRITE.item(checked)
    check_item_size(size)
    return item, size


def _key(schema: TableSchema, item: bytes) -> bytes:
    key = key_of_new_item(schema, item)
    if schema.all_indexes:
        check_index_keys(schema, item)
    return key
