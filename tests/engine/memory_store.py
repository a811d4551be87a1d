"""A Store in a sorted dict: the same promises as the real one, nothing kept.  For tests of plans."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from ddbengine.storage.change_log import LogEntry, pack
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import LOG_READ_MAX_BYTES, Outcome, Plan, ReadTxn, Writes, WritesOf

__all__ = ["MemoryStore", "MemoryTxn", "raw_writes"]


def raw_writes(change: Any, txn: ReadTxn) -> Writes:
    """For plans whose changes are Writes already."""
    assert isinstance(change, Writes), change
    return change


class MemoryTxn:
    """A view of one state of the store."""

    def __init__(self, rows: Mapping[bytes, bytes], log: Sequence[LogEntry] = (), lsn: int | None = None) -> None:
        self.rows = rows
        self._log = log
        self._lsn = lsn
        self._keys: list[bytes] | None = None
        self.gets = 0
        """How many keys were looked up."""

    def get(self, key: bytes) -> memoryview | bytes | None:
        self.gets += 1
        value = self.rows.get(key)
        return None if value is None else memoryview(value)

    def scan(
        self, low: bytes, high: bytes, reverse: bool = False
    ) -> Iterator[tuple[memoryview | bytes, memoryview | bytes]]:
        if self._keys is None:
            self._keys = sorted(self.rows)
        keys = self._keys[bisect_left(self._keys, low) : bisect_left(self._keys, high)]
        for key in reversed(keys) if reverse else keys:
            yield memoryview(key), memoryview(self.rows[key])

    def lsn(self) -> int:
        if self._lsn is not None:
            return self._lsn
        return self._log[-1].last if self._log else 0

    def log_after(self, lsn: int, most_bytes: int = LOG_READ_MAX_BYTES) -> list[LogEntry]:
        return [entry for entry in self._log if entry.last > lsn]

    def log_search(self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[list[LogEntry], int]:
        entries = self.log_after(lsn)
        return [entry for entry in entries if wanted(entry.packed)], entries[-1].last if entries else lsn

    def log_search_back(self, lsn: int, most_bytes: int, wanted: Callable[[bytes], bool]) -> tuple[list[LogEntry], int]:
        return [entry for entry in reversed(self._log) if entry.first <= lsn and wanted(entry.packed)], 0

    def log_begin(self) -> int:
        return self._log[0].first if self._log else self.lsn() + 1


class MemoryStore:
    """Runs submitted plans at once, each in a transaction of its own."""

    def __init__(self, writes_of: WritesOf = raw_writes) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.log: list[LogEntry] = []
        self._writes_of = writes_of

    @contextmanager
    def snapshot(self, consistent: bool = True) -> Iterator[MemoryTxn]:
        yield MemoryTxn(self.rows, self.log)

    @property
    def commits_at_once(self) -> bool:
        return True

    def last_logged(self) -> int:
        return self.log[-1].last if self.log else 0

    def submit(self, plan: Plan) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            outcome = plan.run(MemoryTxn(self.rows, self.log))
            rows = dict(self.rows)
            logged: list[Writes] = []
            for change in outcome.changes:
                writes = self._writes_of(change, MemoryTxn(rows, self.log, self.last_logged() + len(logged)))
                _apply(rows, writes)
                if writes.logged:
                    logged.append(writes)
        except Exception as error:
            future.set_exception(error)
        else:
            self.rows = rows
            if logged:
                self.log.append(pack(logged, Position(1, self.last_logged()), 1, 0, 1, 0, replayed=False))
            future.set_result(outcome)
        return future

    def close(self) -> None:
        """Nothing to release."""


def _apply(rows: dict[bytes, bytes], writes: Writes) -> None:
    for key in writes.deletes:
        rows.pop(key, None)
    rows.update(writes.puts)
    for key, deltas in writes.counters:
        form = struct.Struct(f"<{len(deltas)}q")
        old = form.unpack(rows[key]) if key in rows else (0,) * len(deltas)
        rows[key] = form.pack(*(a + b for a, b in zip(old, deltas, strict=True)))
