"""The seam between replication and what a replica is kept on: everything that touches a replica's disk goes through it.

``environment.Environment`` is the real one.  A test may wrap one to fail, delay or end the world at any call.
Faults are lmdb.Error or OSError; replication takes anything else to be a bug, and lets BaseException through.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ddbengine.storage.journal import JournalFiles

if TYPE_CHECKING:
    import lmdb

    from ddbengine.storage.gate import Gate
    from ddbengine.storage.mapped_trees import MappedTrees

    Transaction = lmdb.Transaction[memoryview]


class Disk(JournalFiles, Protocol):
    @property
    def path(self) -> Path | None: ...

    @property
    def gate(self) -> Gate: ...

    @property
    def begin(self) -> Callable[..., Transaction]:
        """Starts a read transaction as ``lmdb.Environment.begin(None, None, False, True)``, inside the gate."""
        ...

    @property
    def trees(self) -> MappedTrees:
        """Where trees can be read without the binding."""
        ...

    def begin_write(self) -> Transaction: ...

    def commit(self, txn: Transaction) -> None:
        """Durably, unless the store is opened without fsync."""
        ...

    def abandon(self, txn: Transaction) -> None: ...

    def grow(self) -> None:
        """Make room after lmdb.MapFullError; StoreFull when there is none."""
        ...

    def fault(self) -> str | None:
        """What is wrong with the files as the file system shows them: gone, replaced; None when they are there."""
        ...

    def sizes(self) -> tuple[int, int]:
        """Bytes of the map, and how many of them are used."""
        ...

    def distrust(self) -> None:
        """What is on it has failed: closing must not vouch for it, so that it is examined before it is used again."""
        ...

    def close(self, timeout_seconds: float) -> None: ...

    def forsake(self) -> None: ...
