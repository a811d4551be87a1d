"""The store over LMDB: on disk with an fsync for every group of writes, or in memory.

One open at a time has a store on disk.  Any thread may read and submit.  A store stays open until ``close`` or the end
of the process, and is of no use to a process forked off meanwhile.
"""

from __future__ import annotations

import atexit
import os
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

from ddbengine.storage.committer import GroupCommitter, InlineCommitter
from ddbengine.storage.environment import (
    MAP_LIMIT_BYTES,
    READERS_TIMEOUT_SECONDS,
    Environment,
)
from ddbengine.storage.errors import StoreBusy
from ddbengine.storage.store import Outcome, Plan, WritesOf
from ddbengine.storage.transactions import Snapshot

__all__ = ["LmdbStore"]

EXIT_TIMEOUT_SECONDS = 1.0
"""At the end of the process an abandoned read is not worth waiting for: every commit is on disk already."""


class LmdbStore:
    """A ``store.Store``.  ``path`` is the directory of a store on disk, made when its parent exists, or None for one in
    memory.  Without ``durable`` a store on disk is synced on ``close`` only, and a power loss may damage it.

    The map starts at ``map_bytes``, 64 GiB of address space on disk and 4 MiB in memory unless given, and grows up to
    ``map_limit_bytes`` when it is full.
    Opening raises StoreBusy, StoreUnusable or StoreFormat.
    """

    def __init__(
        self,
        writes_of: WritesOf,
        path: Path | None = None,
        *,
        durable: bool = True,
        map_bytes: int | None = None,
        map_limit_bytes: int = MAP_LIMIT_BYTES,
    ) -> None:
        durable = durable and path is not None
        self.path = path
        self._environment = Environment(path, durable, map_bytes, map_limit_bytes)
        committer = GroupCommitter if durable else InlineCommitter
        self._committer = committer(self._environment, writes_of)
        self._begin = self._environment.begin
        self._gate = self._environment.gate
        _open_stores.add(self)

    def snapshot(self, consistent: bool = True) -> Snapshot:
        """A view of everything acknowledged so far, to be opened with ``with``.  StoreClosed after ``close``."""
        return Snapshot(self._begin, self._gate)

    def submit(self, plan: Plan) -> Future[Outcome]:
        """See ``store.Store``.  The future fails with what the plan raised, or with StoreFull or StoreError when it
        could not be committed.  StoreClosed at once after ``close``."""
        return self._committer.submit(plan)

    def close(self, timeout_seconds: float = READERS_TIMEOUT_SECONDS) -> None:
        """Finish what was submitted, wait for open snapshots, release the files.  Again is no harm.

        StoreBusy when a snapshot stays open longer than the timeout; then the store still holds its files.
        """
        if self not in _open_stores:
            return
        self._committer.close()
        self._environment.close(timeout_seconds)
        _open_stores.discard(self)

    def __enter__(self) -> LmdbStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forsake(self) -> None:
        self._committer.forsake()
        self._environment.forsake()


_open_stores: set[LmdbStore] = set()


def _close_all() -> None:
    for store in list(_open_stores):
        try:
            store.close(EXIT_TIMEOUT_SECONDS)
        except StoreBusy:
            continue


def _forsake_all() -> None:
    for store in _open_stores:
        store._forsake()
    _open_stores.clear()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)
