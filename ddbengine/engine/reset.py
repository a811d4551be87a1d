"""Emptying a store: no tables, no items, numbers from the first on, as if it had just been made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ddbengine.engine.backup_rows import BACKUP_ITEMS
from ddbengine.engine.catalog import new_version
from ddbengine.engine.changes import COLLECTIONS, COUNTERS
from ddbengine.engine.keys import after
from ddbengine.indexes.entries import ENTRIES
from ddbengine.indexes.expiries import EXPIRIES
from ddbengine.schema.table import ITEMS
from ddbengine.storage.store import POSITIONS, Outcome, ReadTxn, Writes

__all__ = ["Reset"]

_CATALOG = b"C"
_TOKENS = b"K"
_KEYSPACES = (_CATALOG, ITEMS, BACKUP_ITEMS, ENTRIES, COUNTERS, COLLECTIONS, EXPIRIES, _TOKENS, POSITIONS)
"""All that the engine writes to: without followers nobody reads what the log has of tables that are gone.  What storage
keeps for itself, such as where its log ends, goes on."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Deletes every row in one transaction, in order with all other writes, so replicas and the log follow as ever.

    The catalog gets a new version, so that no schema that was cached outlives it.
    """

    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        version = new_version()
        keys = (bytes(key) for keyspace in _KEYSPACES for key, _ in txn.scan(keyspace, after(keyspace)))
        return Outcome(b"{}", [Writes(deletes=[key for key in keys if key != version[0]], puts=[version])])
