"""The change log: one entry per commit group, in the same transaction as what it changed.

The entry of the changes ``first`` to ``last`` is stored under ``G <first, 8 bytes big endian>`` as the CRC-32 of the
key and the list, 4 bytes big endian, and a msgpack list:

| member | |
| --- | --- |
| term | of the leader that committed it |
| previous term | of the entry before it: two logs that agree on (previous term, first - 1) agree on all before |
| time | microseconds since the epoch, when the group was committed |
| log from | entries before this LSN are deleted by whoever has no use of its own for them |
| digest | of the leader's entries after it |
| records | one for each change: [logical, puts, deletes, counters] |

Without replicas that replay it, the log has the logical parts only, and in memory only the changes that are ``logged``.

*logical* is the engine's record of the change (bytes that storage does not look into) or nil; *puts* are [key, value],
or [key, offset, length] when the value stands in the logical part; *deletes* are keys; *counters* are [key, deltas].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgpack
from isal.isal_zlib import crc32

from ddbengine._core import log_record
from ddbengine.storage.position import REPLICA_KEY, read_row
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import POSITIONS, Writes

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

LOG = b"G"
AFTER_LOG = b"H"
LSN_BYTES = 8
MAX_LSN = (1 << 64) - 1
CHECKSUM_BYTES = 4
TRIM_MAX_ENTRIES = 8
"""Deleted by one commit at most: more than one comes in, so a log that grew long gets short again."""


@dataclass(frozen=True)
class LogEntry:
    """A commit group as it stands in the log.  ``writes`` are decoded at first use, or given by who just made them."""

    first: int
    term: int
    previous_term: int
    micros: int
    log_from: int
    digest: int
    records: Sequence[Any]
    packed: bytes

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1

    @property
    def position(self) -> Position:
        return Position(self.term, self.last)

    @property
    def begins_term(self) -> bool:
        """Whether another leader committed the entry before, and perhaps more behind that which is lost."""
        return self.term != self.previous_term

    @property
    def before(self) -> Position:
        """The position of the log that this entry may follow."""
        return Position(self.previous_term, self.first - 1)

    @cached_property
    def writes(self) -> list[Writes]:
        """What to apply, in order."""
        return [_writes(record) for record in self.records]

    @property
    def logical(self) -> list[bytes | None]:
        """The engine's records, one for each LSN from ``first``."""
        return [record[0] for record in self.records]


def pack(
    writes: Sequence[Writes],
    before: Position,
    term: int,
    micros: int,
    log_from: int,
    digest: int,
    replayed: bool = True,
) -> LogEntry:
    """The entry of these changes, each given its LSN, behind the position ``before``.  ``replayed``: whether replicas
    need what was written."""
    records: list[Any]
    if replayed:
        records = list(map(log_record, writes))
    else:
        records = [(one.record() if one.record else None, (), (), ()) for one in writes]
    first = before.lsn + 1
    members: bytes = msgpack.packb((term, before.term, micros, log_from, digest, records))
    packed = _checksum(first, members) + members
    entry = LogEntry(first, term, before.term, micros, log_from, digest, records, packed)
    entry.__dict__["writes"] = list(writes)  # what a cached_property keeps: they need no decoding
    return entry


def unpack(first: int, packed: bytes) -> LogEntry:
    """ValueError for bytes that are not the entry that was written there."""
    checksum, members = packed[:CHECKSUM_BYTES], packed[CHECKSUM_BYTES:]
    if checksum != _checksum(first, members):
        raise ValueError("its checksum is wrong")
    term, previous_term, micros, log_from, digest, records = msgpack.unpackb(members, use_list=True)
    return LogEntry(first, term, previous_term, micros, log_from, digest, records, packed)


def _checksum(first: int, members: bytes) -> bytes:
    return crc32(members, crc32(key_of(first))).to_bytes(CHECKSUM_BYTES, "big")


def _writes(record: Sequence[Any]) -> Writes:
    logical, puts, deletes, counters = record
    return Writes(
        puts=[
            (put[0], put[1] if len(put) == 2 else logical[put[1] : put[1] + put[2]])  # a reference has three members
            for put in puts
        ],
        deletes=deletes,
        counters=[(key, tuple(deltas)) for key, deltas in counters],
    )


# --- in a transaction ------------------------------------------------------------------------------------------------


def key_of(first: int) -> bytes:
    return LOG + first.to_bytes(LSN_BYTES, "big")


def lsn_of(key: bytes | memoryview) -> int:
    return int.from_bytes(key[len(LOG) :], "big")


def append(txn: Transaction, entry: LogEntry) -> None:
    txn.put(key_of(entry.first), entry.packed)


def read_after(txn: Transaction, lsn: int, most_entries: int, most_bytes: int) -> list[LogEntry]:
    """Entries from the one that begins behind ``lsn``, at least one if it is there; none when the log lacks it."""
    cursor = txn.cursor()
    entries: list[LogEntry] = []
    size = 0
    if not cursor.set_key(key_of(lsn + 1)):
        return entries
    for key, packed in cursor:
        if key[0] != LOG[0] or len(entries) == most_entries or size >= most_bytes:
            break
        entries.append(unpack(lsn_of(key), bytes(packed)))
        size += len(packed)
    return entries


def entries_after(txn: Transaction, lsn: int, most_bytes: int) -> list[LogEntry]:
    """Entries with a change after ``lsn``, whatever change they begin with; see ``store.ReadTxn.log_after``."""
    cursor = txn.cursor()
    if not _find(cursor, lsn + 1):
        return []
    entries: list[LogEntry] = []
    size = 0
    for key, packed in cursor:
        if key[0] != LOG[0] or size >= most_bytes:
            break
        entry = unpack(lsn_of(key), bytes(packed))
        if entry.last > lsn:
            entries.append(entry)
            size += len(packed)
    return entries


def search(txn: Transaction, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[list[LogEntry], int]:
    """Of the entries with a change after ``lsn``, those whose bytes are wanted; see ``store.ReadTxn.log_search``."""
    cursor = txn.cursor()
    entries: list[LogEntry] = []
    if not _find(cursor, lsn + 1):
        return entries, lsn
    size = 0
    passed: tuple[int, bytes] | None = None
    for key, value in cursor:
        if key[0] != LOG[0]:
            break
        first = lsn_of(key)
        if size >= most_bytes:
            return entries, first - 1
        packed = bytes(value)
        size += len(packed)
        passed = first, packed
        if wanted(packed):
            entry = unpack(first, packed)
            if entry.last > lsn:
                entries.append(entry)
    return entries, lsn if passed is None else max(lsn, unpack(*passed).last)


def search_back(
    txn: Transaction, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]
) -> tuple[list[LogEntry], int]:
    """Of the entries with a change up to ``lsn``, those whose bytes are wanted, the newest first; see
    ``store.ReadTxn.log_search_back``."""
    cursor = txn.cursor()
    entries: list[LogEntry] = []
    size, passed = 0, lsn
    found = lsn > 0 and _find(cursor, lsn)
    while found and cursor.key()[0] == LOG[0] and size < most_bytes:
        first = lsn_of(cursor.key())
        if first <= lsn:
            packed = bytes(cursor.value())
            size += len(packed)
            passed = first - 1
            if wanted(packed):
                entries.append(unpack(first, packed))
        found = cursor.prev()
    return entries, passed if size >= most_bytes else 0


def _find(cursor: lmdb.Cursor[memoryview], lsn: int) -> bool:
    """Put the cursor on the entry that has this change, if there is one, or else on the first one after it."""
    if not cursor.set_range(key_of(lsn)):
        return cursor.last() and cursor.key()[0] == LOG[0]
    if cursor.key()[0] == LOG[0] and lsn_of(cursor.key()) == lsn:
        return True
    if cursor.prev() and cursor.key()[0] == LOG[0]:
        return True
    return cursor.set_range(LOG) and cursor.key()[0] == LOG[0]


def last_entry(txn: Transaction) -> LogEntry | None:
    cursor = txn.cursor()
    if not (cursor.prev() if cursor.set_range(AFTER_LOG) else cursor.last()):
        return None
    key, packed = cursor.item()
    return unpack(lsn_of(key), bytes(packed)) if key[0] == LOG[0] else None


def begin(txn: Transaction) -> int | None:
    """The LSN the log begins with; None when it is empty."""
    return next(firsts(txn), None)


def last_lsn(txn: Transaction) -> int:
    """The last change that the environment shows: as its replica row says, or, without one, its log."""
    if txn.get(REPLICA_KEY) is not None:
        return read_row(txn).applied
    entry = last_entry(txn)
    return 0 if entry is None else entry.last


def firsts(txn: Transaction) -> Iterator[int]:
    """The first LSN of each entry, in order."""
    cursor = txn.cursor()
    if cursor.set_range(LOG):
        for key in cursor.iternext(keys=True, values=False):
            if key[0] != LOG[0]:
                return
            yield lsn_of(key)


def trim_point(txn: Transaction, keep_after: int, most_entries: int = TRIM_MAX_ENTRIES) -> int:
    """The LSN that the log may begin with when nobody needs what is up to ``keep_after``: a few entries on from where
    it begins now.  An entry goes when all of it may, the last one never does.  0 for an empty log."""
    point = 0
    for number, first in enumerate(firsts(txn)):
        if number and (first > keep_after + 1 or number > most_entries):
            break
        point = first
    return point


def trim(txn: Transaction, log_from: int) -> None:
    """Delete the entries before this LSN."""
    cursor = txn.cursor()
    found = cursor.set_range(LOG)
    while found and cursor.key()[0] == LOG[0] and lsn_of(cursor.key()) < log_from:
        found = cursor.delete() and bool(cursor.key())


def end(txn: Transaction) -> bool:
    """Delete a log that nobody needs if it is short; whether there is none now."""
    point = trim_point(txn, MAX_LSN)
    entry = last_entry(txn)
    if entry is not None and entry.first == point:
        trim(txn, MAX_LSN)
        return True
    return entry is None


def positions(txn: Transaction) -> dict[str, int]:
    """The followers that have a position row, and the LSN that each is done with.  A row is written like any other."""
    cursor = txn.cursor()
    found: dict[str, int] = {}
    if cursor.set_range(POSITIONS):
        for key, value in cursor:
            if key[0] != POSITIONS[0]:
                break
            found[bytes(key[1:]).decode()] = int.from_bytes(value, "big")
    return found
