"""Replica directories written row by row, sound or with any damage, without a store that is open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from ddbengine.storage import change_log
from ddbengine.storage.migration import FORMAT_KEY, FORMAT_VERSION
from ddbengine.storage.position import ReplicaRow, read_row, write_row
from ddbengine.storage.quorum import Position
from ddbengine.storage.store import Writes
from ddbengine.storage.transactions import HashedTransaction

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

STORE = b"a store's own id"
LONG = b"Ilong" + b"k" * 1500


@contextmanager
def written(directory: Path) -> Iterator[Transaction]:
    """A write transaction on the data file of a replica, which may be a new one."""
    environment = lmdb.open(os.fspath(directory), map_size=1 << 24)
    try:
        with environment.begin(write=True, buffers=True) as txn:
            yield txn
    finally:
        environment.close()


def write_rows(directory: Path, rows: Iterable[tuple[bytes, bytes]], *, store: bytes = STORE, members: int = 3) -> Path:
    """A sound replica that holds these rows, written by one commit group; returns its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with written(directory) as txn:
        txn.put(FORMAT_KEY, b"%d" % FORMAT_VERSION)
        view, change = HashedTransaction(txn, 0), Writes(puts=list(rows))
        view.apply(change)
        entry = change_log.pack([change], Position(1, 0), 1, 1_000, 1, view.digest)
        change_log.append(txn, entry)
        write_row(txn, ReplicaRow(store, 1, 1, 1, view.digest, 1, members))
    return directory


def write_replica(
    directory: Path, groups: int, *, term: int = 1, store: bytes = STORE, logged_from: int = 1, members: int = 3
) -> Path:
    """A sound replica after so many commit groups of two changes each; returns its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with written(directory) as txn:
        txn.put(FORMAT_KEY, b"%d" % FORMAT_VERSION)
        view = HashedTransaction(txn, 0)
        position = Position(term, 0)
        for group in range(groups):
            changes = [
                Writes(puts=[(b"I%04d" % group, b"value %d" % group * 20)], counters=[(b"N\0\0\0\1", (1, 5))]),
                Writes(puts=[(LONG + b"%d" % group, b"long")]),
            ]
            for change in changes:
                view.apply(change)
            view.flush()
            entry = change_log.pack(changes, position, term, 1_000 + group, logged_from, view.digest)
            if entry.first >= logged_from:
                change_log.append(txn, entry)
            position = entry.position
        write_row(txn, ReplicaRow(store, term, position.lsn, position.lsn, view.digest, logged_from, members))
    return directory


def edit_row(directory: Path, change: Callable[[ReplicaRow], ReplicaRow]) -> None:
    with written(directory) as txn:
        write_row(txn, change(read_row(txn)))


def at_lsn(directory: Path, lsn: int) -> None:
    edit_row(directory, lambda row: replace(row, lsn=lsn, applied=lsn))
