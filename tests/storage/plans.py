"""Plans and stores for the tests of this room: a change is its own Writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, ReadTxn, Writes


@dataclass
class Scripted:
    """A plan that runs a function, and counts how often."""

    script: Callable[[ReadTxn], Outcome]
    writes: bool = True
    consistent: bool = True
    runs: int = field(default=0)

    def run(self, txn: ReadTxn) -> Outcome:
        self.runs += 1
        return self.script(txn)


def writes_as_given(change: Any, txn: ReadTxn) -> Writes:
    assert isinstance(change, Writes)
    return change


def change(*changes: Writes, body: bytes = b"done") -> Scripted:
    return Scripted(lambda txn: Outcome(body, changes))


def put(key: bytes, value: bytes) -> Scripted:
    return change(Writes(puts=[(key, value)]))


def delete(key: bytes) -> Scripted:
    return change(Writes(deletes=[key]))


def read(key: bytes) -> Scripted:
    """A plan that goes through the committer and changes nothing."""
    return Scripted(lambda txn: Outcome(bytes(txn.get(key) or b"absent")))


def failing(error: Exception) -> Scripted:
    def fail(txn: ReadTxn) -> Outcome:
        raise error

    return Scripted(fail)


def open_store(path: Path | None = None, **options: Any) -> LmdbStore:
    return LmdbStore(writes_as_given, path, **options)


def get(store: LmdbStore, key: bytes) -> bytes | None:
    with store.snapshot() as txn:
        value = txn.get(key)
        return None if value is None else bytes(value)


def scan(store: LmdbStore, low: bytes, high: bytes, reverse: bool = False) -> list[tuple[bytes, bytes]]:
    with store.snapshot() as txn:
        return [(key, bytes(value)) for key, value in txn.scan(low, high, reverse)]


def stored(pairs: Iterable[tuple[bytes, bytes]]) -> Writes:
    return Writes(puts=list(pairs))
