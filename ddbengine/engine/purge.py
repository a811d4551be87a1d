"""What is left of deleted tables and indexes, and the plan that removes it a batch at a time.

Deleting a table takes its schema away at once; its items, index entries and counters stay behind under numbers that are
never used again, out of everybody's reach.  A garbage row names them until a purge has deleted them.  What a deleted
table left stays while backups of it are being made (``engine.backup_copying``).

| key | value |
| --- | --- |
| ``C g <number, 4 bytes>`` | msgpack list of [low, high] key ranges to delete |
| ``C x <microseconds since the epoch, 8 bytes> <schema key>`` | the number of a table shown as DELETING until then |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import msgpack
import orjson

from ddbengine.engine.backup_rows import BACKUP_ITEMS, copyings
from ddbengine.engine.catalog import table_key
from ddbengine.indexes.expiries import EXPIRIES
from ddbengine.schema import stored
from ddbengine.schema.table import IndexSchema, TableSchema, TimeToLive
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes

BATCH_KEYS = 5_000
"""Keys one purge deletes: a few milliseconds of the committer's time."""

GARBAGE = b"Cg"
DEADLINES = b"Cx"
_GARBAGE_END = b"Ch"
_DEADLINES_END = b"Cy"

MORE = orjson.dumps({"More": True})
DONE = orjson.dumps({"More": False})
HELD = orjson.dumps({"More": False, "Held": True})
"""Nothing more for now: the rest is still being copied into backups."""
HELD_SECONDS = 0.1

_OF_TABLE = (b"I", b"N", b"S")
"""Keyspaces of a table's number: items, counters, sizes of item collections."""
_OF_INDEX = (b"X", b"N")
"""Keyspaces of an index's number: entries, counters."""


def garbage_of_table(schema: TableSchema) -> tuple[bytes, bytes]:
    """The garbage row of a table that was deleted, indexes included."""
    ranges = [_range(keyspace, schema.number) for keyspace in _OF_TABLE]
    for index in schema.all_indexes:
        ranges += [_range(keyspace, index.number) for keyspace in _OF_INDEX]
    if schema.time_to_live is not None:
        ranges.append(_range(EXPIRIES, schema.time_to_live.number))
    return _row(schema.number, ranges)


def garbage_of_index(index: IndexSchema) -> tuple[bytes, bytes]:
    """The garbage row of a global or vector index that was deleted."""
    return _row(index.number, [_range(keyspace, index.number) for keyspace in _OF_INDEX])


def garbage_of_time_to_live(ttl: TimeToLive) -> tuple[bytes, bytes]:
    """The garbage row of a table's expiry entries after time to live was switched off."""
    return _row(ttl.number, [_range(EXPIRIES, ttl.number)])


def garbage_of_backup(number: int) -> tuple[bytes, bytes]:
    """The garbage row of a backup that was deleted."""
    return _row(number, [_range(BACKUP_ITEMS, number)])


def deadline_of_table(schema: TableSchema, until: float) -> tuple[bytes, bytes]:
    """The row that has a schema removed after the table was shown as DELETING."""
    deadline = int(until * 1_000_000).to_bytes(8, "big")
    return DEADLINES + deadline + table_key(schema.namespace, schema.name), schema.number.to_bytes(4, "big")


def _range(keyspace: bytes, number: int) -> list[bytes]:
    return [keyspace + number.to_bytes(4, "big"), keyspace + (number + 1).to_bytes(4, "big")]


def _row(number: int, ranges: list[list[bytes]]) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(ranges)
    return GARBAGE + number.to_bytes(4, "big"), packed


@dataclass(frozen=True, slots=True)
class Purge:
    """Deletes up to ``batch_keys`` keys of deleted tables; the outcome's body is MORE when that was not all, and HELD
    when the rest has to wait."""

    clock: Callable[[], float]
    """Seconds since the epoch."""
    batch_keys: int
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        writes = Writes(deletes=_overdue(txn, self.clock()))
        copied = {copying.table_number for copying in copyings(txn).values()}
        body = DONE
        for key, value in txn.scan(GARBAGE, _GARBAGE_END):
            row = bytes(key)
            if int.from_bytes(row[len(GARBAGE) :], "big") in copied:
                body = HELD
                continue
            room = self.batch_keys - len(writes.deletes)
            doomed = _doomed(txn, msgpack.unpackb(value), room + 1)
            writes.deletes += doomed[:room]
            if len(doomed) > room:
                return Outcome(MORE, [writes])
            writes.deletes.append(row)
        return Outcome(body, [writes] if writes.deletes else ())


def purge_plan(clock: Callable[[], float], batch_keys: int = BATCH_KEYS) -> Purge:
    """A plan to submit until its outcome's body is DONE: at opening, and after a table or index was deleted."""
    return Purge(clock, batch_keys)


def purge_chore(store: Store, clock: Callable[[], float]) -> Callable[[], float | None]:
    """The housekeeping chore: one purge, due again at once until nothing is left."""
    plan = purge_plan(clock)
    again = {DONE: None, MORE: 0.0, HELD: HELD_SECONDS}
    return lambda: again[store.submit(plan).result().body]


def purge_pending(txn: ReadTxn) -> bool:
    """Whether a purge would find something, now or when a deletion that is being shown has passed."""
    return any(True for _ in txn.scan(GARBAGE, _GARBAGE_END)) or any(True for _ in txn.scan(DEADLINES, _DEADLINES_END))


def _doomed(txn: ReadTxn, ranges: list[list[bytes]], most: int) -> list[bytes]:
    keys: list[bytes] = []
    for low, high in ranges:
        keys += [bytes(key) for key, _ in islice(txn.scan(low, high), most - len(keys))]
    return keys


def _overdue(txn: ReadTxn, now: float) -> list[bytes]:
    """Deadlines that have passed, and the schemas they speak of unless another table has taken the name since."""
    due = DEADLINES + int(now * 1_000_000).to_bytes(8, "big")
    doomed: list[bytes] = []
    for key, number in islice(txn.scan(DEADLINES, due), BATCH_KEYS):
        row = bytes(key)
        doomed.append(row)
        schema_key = row[len(DEADLINES) + 8 :]
        schema = txn.get(schema_key)
        if schema is not None and stored.decode(schema).number == int.from_bytes(number, "big"):
            doomed.append(schema_key)
    return doomed
