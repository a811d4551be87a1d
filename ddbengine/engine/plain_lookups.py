"""The shortcut of GetItem: requests for a whole item and nothing else, answered in the core.

It says what the plan of ``get_item`` would, and nothing where that might refuse, or wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ddbengine._core import PlainLookups
from ddbengine.engine.catalog import VERSION_KEY, Catalog
from ddbengine.limits import SORT_KEY_MAX_BYTES
from ddbengine.storage.store import ReadTxn

Shortcut = Callable[[bytes], bytes | None]
"""Answers a request from its body as sent, unchecked; or leaves it, with None, to the way of all others."""
Snapshot = Callable[[bool], AbstractContextManager[ReadTxn] | None]
"""Begins a consistent read, or another; None where nothing is to be read."""


def plain_lookups(catalog: Catalog, snapshot: Snapshot) -> PlainLookups:
    def find(txn: ReadTxn, namespace: str, name: str) -> tuple[bytes, bytes, dict[str, str]] | None:
        found = catalog.usable_table(txn, namespace, name)
        if found is None:
            return None
        version, schema = found
        return version, schema.item_prefix, schema.key_types

    return PlainLookups(snapshot, find, VERSION_KEY, SORT_KEY_MAX_BYTES)
