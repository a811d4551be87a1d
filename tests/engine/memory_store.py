"""A Store in a sorted dict: the same promises as the real one, nothing kept.  For tests of plans."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes, WritesOf

__all__ = ["MemoryStore", "MemoryTxn", "raw_writes"]


def raw_writes(change: Any, txn: ReadTxn) -> Writes:
    """For plans whose changes are Writes already."""
    assert isinstance(change, Writes), change
    return change


class MemoryTxn:
    """A view of one state of the store."""

    def __init__(self, rows: Mapping[bytes, bytes]) -> None:
        self.rows = rows
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


class MemoryStore:
    """Runs submitted plans at once, each in a transaction of its own."""

    def __init__(self, writes_of: WritesOf = raw_writes) -> None:
        self.rows: dict[bytes, bytes] = {}
        self._writes_of = writes_of

    @contextmanager
    def snapshot(self, consistent: bool = True) -> Iterator[MemoryTxn]:
        yield MemoryTxn(self.rows)

    def submit(self, plan: Plan) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            outcome = plan.run(MemoryTxn(self.rows))
            rows = dict(self.rows)
            for change in outcome.changes:
                _apply(rows, self._writes_of(change, MemoryTxn(rows)))
        except Exception as error:
            future.set_exception(error)
        else:
            self.rows = rows
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
