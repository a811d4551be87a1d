"""Where the core can read an environment's tree by itself, in the map that LMDB holds.

The binding tells nobody where its map is, but keys it hands out lie in it: the first key of the tree leads there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddbengine._core import MappedTree, TreeMap

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]


class MappedTrees:
    """Trees of one environment's snapshots."""

    __slots__ = ("_environment", "_sought", "map")

    def __init__(self, environment: lmdb.Environment) -> None:
        self._environment = environment
        self.moved()

    def moved(self) -> None:
        """The map is no longer where it was.  Nobody reads now."""
        self.map = TreeMap()
        self._sought = False

    def seek(self, txn: Transaction) -> MappedTree | None:
        """The tree of a read transaction that ``map`` has none for: because nobody has sought the map yet.

        None when it cannot be had, and the binding has to read.
        """
        if self._sought:
            return None
        with txn.cursor() as cursor:
            if not cursor.first():
                return None
            self._sought = True
            page_bytes, map_bytes = self._environment.stat()["psize"], self._environment.info()["map_size"]
            if not self.map.find(cursor.key(), page_bytes, map_bytes):
                return None
        return self.map.tree(txn.id())
