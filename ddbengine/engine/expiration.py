"""Deleting expired items in the background, driven by expiry entries, never by looking through tables.

Each table whose time to live is on has a row in a register, from the transaction that switches it on to the one that
switches it off or deletes the table:

| key | value |
| --- | --- |
| ``C l <number of the time to live, 4 bytes>`` | msgpack list of namespace, table name, and how far the filling came |

A table that had items when it was switched on is filled first: its items get their expiry entries, a bounded batch at
a time, while writes keep the entries of what they touch.  Its place is the key of the last item looked at, None once
all have been; only then does anything expire.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, NamedTuple

import msgpack

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import TIME_TO_LIVE, ItemChange
from ddbengine.engine.housekeeping import one_by_one
from ddbengine.engine.keys import after, table_prefix
from ddbengine.engine.purge import DONE, MORE
from ddbengine.indexes.expiries import expiries_from, expiry_key, expiry_of, item_key_of
from ddbengine.limits import EXPIRED_MAX_AGE_SECONDS
from ddbengine.schema.table import TableSchema, TimeToLive
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Store, Writes

REGISTER = b"Cl"
_REGISTER_END = b"Cm"

DELETED_MAX_ITEMS = 100
DELETED_MAX_BYTES = 1024 * 1024
"""Of one batch: a few milliseconds of the committer's time."""
FILLED_MAX_ITEMS = 1_000
FILLED_MAX_BYTES = 8 * 1024 * 1024


class Registration(NamedTuple):
    """The register's value for a table."""

    namespace: str
    table_name: str
    filled_to: bytes | None
    """Key of the last item that has its entry, empty for none yet; None when all have."""


def register_key(ttl: TimeToLive) -> bytes:
    return REGISTER + ttl.number.to_bytes(4, "big")


def register_row(schema: TableSchema, ttl: TimeToLive, filled_to: bytes | None) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(Registration(schema.namespace, schema.name, filled_to))
    return register_key(ttl), packed


def registration(row: bytes | memoryview) -> Registration:
    return Registration(*msgpack.unpackb(row))


def filling(
    schema: TableSchema, ttl: TimeToLive, filled_to: bytes, txn: ReadTxn, most: int = FILLED_MAX_ITEMS
) -> tuple[Writes, bytes | None]:
    """The expiry entries of the next items of a table, and how far that comes; None when it comes to the end."""
    prefix = table_prefix(schema)
    writes, size, last = Writes(), 0, filled_to
    low = filled_to + b"\x00" if filled_to else prefix
    for items, (key, item) in enumerate(txn.scan(low, after(prefix))):
        if items == most or size >= FILLED_MAX_BYTES:
            return writes, last
        last = bytes(key)
        size += len(item)
        expiry = expiry_of(ttl, item)
        if expiry is not None:
            writes.puts.append((expiry_key(ttl, expiry, last), b""))
    return writes, None


@dataclass(frozen=True, slots=True)
class ExpirationBatch:
    """The next batch of one registered table: fills its entries, or deletes expired items.

    The outcome's body is MORE when that was not all.  What is read here is what is committed on: an item that a write
    has given more time in between no longer has the entry that would have led here.
    """

    catalog: Catalog
    clock: Callable[[], float]
    register_key: bytes
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        row = txn.get(self.register_key)
        if row is None:
            return Outcome(DONE)
        registered = registration(row)
        schema = self.catalog.find(txn, registered.namespace, registered.table_name)
        assert schema is not None, "the register is kept with the schemas"
        ttl = schema.time_to_live
        assert ttl is not None, "and with their settings"
        if registered.filled_to is not None:
            writes, filled_to = filling(schema, ttl, registered.filled_to, txn)
            writes.puts.append(register_row(schema, ttl, filled_to))
            return Outcome(MORE, [writes])
        return self._deletions(schema, ttl, txn)

    def _deletions(self, schema: TableSchema, ttl: TimeToLive, txn: ReadTxn) -> Outcome:
        prefix = table_prefix(schema)
        changes: list[ItemChange] = []
        size = 0
        entries = txn.scan(*_due(ttl.number, self.clock()))
        keys = [item_key_of(prefix, bytes(key)) for key, _ in islice(entries, DELETED_MAX_ITEMS + 1)]
        for key in keys[:DELETED_MAX_ITEMS]:
            item = txn.get(key)
            assert item is not None, "an expiry entry is there exactly while its item has that expiry"
            changes.append(ItemChange(schema, key, bytes(item), None, TIME_TO_LIVE))
            size += len(item)
            if size >= DELETED_MAX_BYTES:
                break
        return Outcome(MORE if len(changes) < len(keys) else DONE, changes)


def _due(number: int, now: float) -> tuple[bytes, bytes]:
    """The range of the expiry entries of items to delete: expired, but not longer ago than five years (FACTS 5.11)."""
    oldest = math.ceil(now - EXPIRED_MAX_AGE_SECONDS)
    return expiries_from(number, oldest), expiries_from(number, math.ceil(now))


class Expiration:
    """The housekeeping chore: a batch for each table that has something due."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Callable[[], float],
        interval: float,
        submit: Callable[[Plan], Future[Outcome]] | None = None,
    ) -> None:
        """``interval`` is the seconds from finding nothing more to do to looking again.  ``submit`` has a batch carried
        out, the store's own unless given."""
        self._store = store
        self._submit = submit or store.submit
        self._catalog = catalog
        self._clock = clock
        self._interval = interval

    def __call__(self) -> float | None:
        """Seconds until the next batches: None while no table has time to live, and while there is much to do as long
        as the last batches took, so that clients have at least half of the committer."""
        keys, registered = self._with_something_due()
        if registered == 0:
            return None
        bodies, pause = one_by_one(self._batch, keys)
        return pause if MORE in bodies else self._interval

    def _batch(self, key: bytes) -> bytes:
        return self._submit(ExpirationBatch(self._catalog, self._clock, key)).result().body

    def _with_something_due(self) -> tuple[list[bytes], int]:
        """Register keys of tables to run a batch for, and how many tables are registered."""
        now = self._clock()
        found, registered = [], 0
        with self._store.snapshot() as txn:
            for key, row in txn.scan(REGISTER, _REGISTER_END):
                registered += 1
                number = int.from_bytes(bytes(key)[len(REGISTER) :], "big")
                unfilled = registration(row).filled_to is not None
                if unfilled or next(txn.scan(*_due(number, now)), None) is not None:
                    found.append(bytes(key))
        return found, registered


def is_anything_registered(txn: ReadTxn) -> bool:
    """Whether any table has time to live."""
    return next(txn.scan(REGISTER, _REGISTER_END), None) is not None
