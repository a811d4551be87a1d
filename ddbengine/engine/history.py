"""Of which tables the history is kept, and from when on: what point-in-time recovery needs of the change log.

| key | value |
| --- | --- |
| ``C p <table number, 4 bytes>`` | a table with point-in-time recovery: msgpack of its Recovery |

The log is the history: the record of a change has what the item was before.  So recovery costs a write nothing but
being logged.  One follower of the log, FOLLOWER, stands for all these tables, and for restores under way: its position
is no later than the LSN that any of them may ask to go back to.  It is there while there is one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import msgpack

from ddbengine.engine.backup_rows import copyings
from ddbengine.engine.keys import after
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn, Writes, position_of, position_put
from ddbengine.streams.reading import last_before

FOLLOWER = "recovery"
RECOVERIES = b"Cp"
LATEST_LAG_SECONDS = 300.0
"""How long ago LatestRestorableDateTime is, unless recovery was switched on after it."""
_SETTING = "PointInTimeRecovery"
_SECONDS_PER_DAY = 86_400
_MICROS = 1_000_000


class Recovery(NamedTuple):
    """Point-in-time recovery of a table that has it switched on."""

    namespace: str
    table_name: str
    days: int
    """RecoveryPeriodInDays."""
    since: float
    """Seconds since the epoch: its history begins then, or when it was last cut off."""
    since_lsn: int
    """The LSN of the last change before its history."""

    def earliest(self, now: float) -> int:
        """EarliestRestorableDateTime, in seconds since the epoch."""
        return int(max(self.since, now - self.days * _SECONDS_PER_DAY))

    def latest(self, now: float) -> int:
        """LatestRestorableDateTime."""
        return int(max(self.since, now - LATEST_LAG_SECONDS))

    def lsn_at(self, txn: ReadTxn, second: int, now: float) -> int:
        """The LSN of the last change that the table has at the end of a second, which may be the one that is running.

        Of one that has passed, everything that was acknowledged in it is in the log, however the plan that asks shares
        its commit group with others: those are committed later.
        """
        if second + 1 > now:
            return txn.lsn()
        return max(self.since_lsn, last_before(txn, (second + 1) * _MICROS))


def _key(table_number: int) -> bytes:
    return RECOVERIES + table_number.to_bytes(4, "big")


def recovery_put(table_number: int, recovery: Recovery) -> tuple[bytes, bytes]:
    packed: bytes = msgpack.packb(recovery)
    return _key(table_number), packed


def recovery_of(txn: ReadTxn, schema: TableSchema) -> Recovery | None:
    """None for a table whose recovery is switched off."""
    if not schema.is_recoverable:
        return None
    row = txn.get(_key(schema.number))
    assert row is not None, "the rows of recoveries are kept with the schemas"
    return Recovery(*msgpack.unpackb(row))


def recoveries(txn: ReadTxn) -> Iterator[tuple[int, Recovery]]:
    """By table number."""
    for key, row in txn.scan(RECOVERIES, after(RECOVERIES)):
        yield int.from_bytes(bytes(key)[len(RECOVERIES) :], "big"), Recovery(*msgpack.unpackb(row))


def switched_on(schema: TableSchema, days: int, txn: ReadTxn, now: float) -> tuple[TableSchema, Recovery, Writes]:
    """The schema and the recovery of a table whose history is kept from now on, and the writes of that."""
    recovery = Recovery(schema.namespace, schema.name, days, now, txn.lsn())
    writes = Writes(puts=[recovery_put(schema.number, recovery)])
    if position_of(txn, FOLLOWER) is None:
        writes.puts.append(position_put(FOLLOWER, txn.lsn()))
    return replace(schema, settings={**schema.settings, _SETTING: True}), recovery, writes


def switched_off(schema: TableSchema) -> tuple[TableSchema, Writes]:
    """The same of a table whose history is forgotten; of a deleted one as well."""
    settings = {name: value for name, value in schema.settings.items() if name != _SETTING}
    return replace(schema, settings=settings), Writes(deletes=[_key(schema.number)])


def needed_after(txn: ReadTxn) -> int | None:
    """The LSN behind which the log is still asked for, by tables with recovery or by restores under way; None: by
    nobody."""
    tables = (recovery.since_lsn for _, recovery in recoveries(txn))
    restores = (copying.as_of for copying in copyings(txn).values() if copying.is_undoing)
    return min((*tables, *restores), default=None)
