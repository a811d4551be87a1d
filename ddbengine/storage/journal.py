"""The journal of a follower: log entries that are durable before its tree has them.

Making an entry durable in the tree takes a commit: dozens of pages and two flushes.  In the journal it takes one short
write, so a group is acknowledged sooner; the tree follows, many entries in one commit.  What the tree has, the journal
need not have any more.

There are two halves, files that are written from the beginning again and again: one is written to while the tree takes
what is in the other.  A half holds records one after another, and behind them whatever is left of earlier rounds:

    checksum 4 of the rest of the head | store 16 | size of the entry 4 | its term, first and last LSN 8 each | entry

with the entry as it stands in the change log, which has a checksum of its own.  An entry counts when it follows on the
tree's position or on another entry that does; so what is left over, or belongs to another store, never does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from isal.isal_zlib import crc32

from ddbengine.storage.change_log import LogEntry, unpack
from ddbengine.storage.position import ReplicaRow

HALVES = (0, 1)
SWITCH_BYTES = 1 << 20
"""A half that has this much gives way to the other one as soon as the tree has what is in that."""
HALF_MAX_BYTES = 64 << 20
"""With more than this waiting for the tree, entries wait for the tree too."""

_REST = struct.Struct(">16sI3Q")
_CHECKSUM = struct.Struct(">I")
HEAD_BYTES = _CHECKSUM.size + _REST.size


class ReadableJournal(Protocol):
    def read_journal(self, half: int) -> bytes:
        """All of it; empty when there is none."""
        ...


class JournalFiles(ReadableJournal, Protocol):
    """Where the halves are kept; part of the seam to a replica's disk."""

    def write_journal(self, half: int, offset: int, data: bytes) -> None:
        """Durable when it returns.  OSError when it failed; then anything may be there."""
        ...

    def remove_journal(self) -> None: ...


@dataclass(slots=True)
class _Half:
    size: int = 0
    last: int = 0
    """LSN of the last change in it."""


class Journal:
    """Writes the journal of one replica.  One thread at a time."""

    def __init__(self, files: JournalFiles, store: bytes) -> None:
        """What is there already has been taken up, or was left by another store: it is written over."""
        self._files = files
        self._store = store
        self._halves = [_Half() for _ in HALVES]
        self._current = 0

    def has_room(self, applied: int) -> bool:
        """Whether entries may be appended when the tree has everything up to this LSN."""
        return self._place(applied)[1].size < HALF_MAX_BYTES

    def append(self, entries: Sequence[LogEntry], applied: int) -> None:
        """Durable when it returns; OSError when it cannot be.  The tree has everything up to ``applied``."""
        number, half = self._place(applied)
        data = b"".join([_record(self._store, entry) for entry in entries])
        self._files.write_journal(number, half.size, data)
        half.size += len(data)
        half.last = entries[-1].last
        self._halves[number], self._current = half, number

    def _place(self, applied: int) -> tuple[int, _Half]:
        """Which half is to be written to next, and how far it is written then."""
        current, other = self._halves[self._current], self._halves[1 - self._current]
        if current.last <= applied:
            return self._current, _Half()
        if current.size >= SWITCH_BYTES and other.last <= applied:
            return 1 - self._current, _Half()
        return self._current, current


def waiting(files: ReadableJournal, row: ReplicaRow) -> list[LogEntry]:
    """The entries in a journal that follow on what a replica has, in order."""
    found = {}
    for half in HALVES:
        for entry in _records(files.read_journal(half), row):
            found[entry.before] = entry
    position, entries = row.position, []
    while position in found:
        entries.append(found[position])
        position = entries[-1].position
    return entries


def _record(store: bytes, entry: LogEntry) -> bytes:
    rest = _REST.pack(store, len(entry.packed), entry.term, entry.first, entry.last)
    return _CHECKSUM.pack(crc32(rest)) + rest + entry.packed


def _records(data: bytes, row: ReplicaRow) -> Iterator[LogEntry]:
    """What is whole and beyond the row, up to the first record that is not as it was written."""
    place = 0
    while place + HEAD_BYTES <= len(data):
        [checksum] = _CHECKSUM.unpack_from(data, place)
        rest = data[place + _CHECKSUM.size : place + HEAD_BYTES]
        store, size, _, first, last = _REST.unpack(rest)
        place += HEAD_BYTES + size
        if checksum != crc32(rest) or store != row.store or place > len(data):
            return
        if last <= row.lsn:
            continue
        try:
            yield unpack(first, data[place - size : place])
        except ValueError:
            return
