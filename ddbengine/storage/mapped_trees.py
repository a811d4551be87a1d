"""Where the core can read an environment's tree by itself, in the map that LMDB holds.

The binding tells nobody where its map is, but keys it hands out lie in it: the first key of the tree leads there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lmdb

from ddbengine._core import MappedTree, TreeMap

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]


class MappedTrees:
    """Trees of one environment's snapshots."""

    __slots__ = ("_environment", "_on_disk", "_sought", "map")

    def __init__(self, on_disk: bool) -> None:
        """``on_disk``: pages may have to be fetched, and other threads are to go on meanwhile."""
        self._on_disk = on_disk
        self._environment: lmdb.Environment | None = None
        self.moved()

    def open(self, environment: lmdb.Environment) -> None:
        """From now on it is this one."""
        self._environment = environment
        self.moved()

    def moved(self) -> None:
        """The map is no longer where it was.  Nobody reads now."""
        self.map = TreeMap()
        self._sought = False

    def seek(self, txn: Transaction) -> MappedTree | None:
        """The tree of a read transaction that ``map`` has none for: because nobody has sought the map yet.

        None when it cannot be had, and the binding has to read.  That the first page is damaged is for those to meet
        who read it, so it is sought in a transaction of its own, which may fail.
        """
        environment = self._environment
        if self._sought or environment is None:
            return None
        try:
            with environment.begin(buffers=True) as other, other.cursor() as cursor:
                if not cursor.first():
                    return None
                self._sought = True
                page_bytes, map_bytes = environment.stat()["psize"], environment.info()["map_size"]
                self.map.find(cursor.key(), page_bytes, map_bytes, self._on_disk)
        except lmdb.Error:
            self._sought = True
        return self.map.tree(txn.id())
