"""Snapshots of a store that another process has open and writes to.

LMDB lets many processes read what one writes; each registers its reads in the lock file beside the data, so that the
writer leaves them their pages.  Which of the replicas leads is told by a ``SharedState``.  One thread reads.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb

from ddbengine.storage.binding import open_environment
from ddbengine.storage.environment import MAP_START_BYTES, READERS_MAX, SPARE_READS_MAX
from ddbengine.storage.errors import StoreError
from ddbengine.storage.gate import Gate
from ddbengine.storage.mapped_trees import MappedTrees
from ddbengine.storage.shared_state import SharedState
from ddbengine.storage.transactions import Snapshot

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

__all__ = ["SharedReads"]


class SharedReads:
    """The reading half of a ``store.Store``."""

    def __init__(self, places: Sequence[Path], state: SharedState) -> None:
        """``places``: the directories of the replicas, in the order that the state counts them in."""
        self._places = places
        self._state = state
        self._generation = 0
        self._gate = Gate()
        self._environment: lmdb.Environment | None = None
        self._trees = MappedTrees(on_disk=True)

    def snapshot(self, consistent: bool = True) -> Snapshot:
        """A view of everything acknowledged before the call; StoreError when nobody leads that can be read."""
        if self._state.generation != self._generation:
            self._open()
        return Snapshot(self._begin, self._gate, self._trees)

    def close(self) -> None:
        if self._environment is not None:
            self._let_go()
            self._environment.close()
            self._environment = None
        self._generation = 0

    def _let_go(self) -> None:
        """The map is about to go: whoever still has a snapshot of it reads no more."""
        for snapshot in self._gate.inside:
            assert isinstance(snapshot, Snapshot)
            snapshot.end_tree()
        self._trees.moved()

    def _open(self) -> None:
        generation = self._state.generation
        place = self._places[self._state.leader]
        self.close()
        try:
            self._environment = open_environment(
                os.fspath(place),
                map_size=MAP_START_BYTES,
                readonly=True,
                max_readers=READERS_MAX,
                max_spare_txns=SPARE_READS_MAX,
            )
        except lmdb.Error as error:
            self._generation = 0
            raise StoreError(f"the replica in {place} cannot be read: {error}") from error
        self._trees.open(self._environment)
        self._generation = generation

    def _begin(self, *arguments: Any) -> Transaction:
        environment = self._environment
        if environment is None:
            raise StoreError("the store is closed")
        try:
            return environment.begin(*arguments)
        except lmdb.MapResizedError:
            # The writer's map has grown beyond ours.  No other read is open: there is one thread.
            self._let_go()
            environment.set_mapsize(0)
            return environment.begin(*arguments)
