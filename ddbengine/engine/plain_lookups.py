"""The shortcut of GetItem: requests for a whole item and nothing else, answered in the core.

It says what the plan of ``get_item`` would, and nothing where that might refuse, or wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache

from ddbengine._core import PlainLookups, Shortcut
from ddbengine.engine.catalog import VERSION_KEY, Catalog
from ddbengine.limits import SORT_KEY_MAX_BYTES
from ddbengine.storage.store import ReadTxn

Snapshot = Callable[[bool], AbstractContextManager[ReadTxn] | None]
"""Begins a consistent read, or another; None where nothing is to be read."""
NAMESPACES_MAX = 256
"""More are not remembered at a time; who has a shortcut already keeps it."""


def plain_lookups(catalog: Catalog, snapshot: Snapshot) -> Callable[[str], Shortcut]:
    """What gives the shortcut for the tables of a namespace."""

    @lru_cache(maxsize=NAMESPACES_MAX)
    def of_namespace(namespace: str) -> Shortcut:
        def find(txn: ReadTxn, name: str) -> tuple[bytes, bytes, dict[str, str]] | None:
            found = catalog.usable_table(txn, namespace, name)
            if found is None:
                return None
            version, schema = found
            return version, schema.item_prefix, schema.key_types

        return PlainLookups(snapshot, find, VERSION_KEY, SORT_KEY_MAX_BYTES)

    return of_namespace
