"""The shortcut of PutItem: requests with a table and an item and nothing else, made into a plan in the core.

It writes what the plan of ``put_item`` would, and falls back on that one, with the item it has encoded, where there is
more to write or something to refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ddbengine._core import PlainPuts, Shortcut
from ddbengine.engine.catalog import VERSION_KEY
from ddbengine.engine.changes import COUNTERS
from ddbengine.engine.context import Surroundings
from ddbengine.limits import ATTRIBUTE_NAME_MAX_BYTES, SORT_KEY_MAX_BYTES
from ddbengine.storage.store import Plan, ReadTxn

NAMESPACES_MAX = 256
"""More are not remembered at a time; who has a shortcut already keeps it."""


def plain_puts(surroundings: Surroundings, submit: Callable[[Plan], Any]) -> Callable[[str], Shortcut]:
    """What gives the shortcut for the tables of a namespace.  ``submit`` gives the answer of a plan, now or later, or
    None where no shortcut is to be taken."""
    usable_table = surroundings.catalog.usable_table

    @lru_cache(maxsize=NAMESPACES_MAX)
    def of_namespace(namespace: str) -> Shortcut:
        from ddbengine.engine.put_item import plain_put  # with the first request, as all operations

        def find(txn: ReadTxn, name: str) -> tuple[Any, ...]:
            found = usable_table(txn, namespace, name)
            if found is None:
                return (b"",)
            version, schema = found
            if schema.all_indexes or schema.time_to_live is not None or schema.copies:
                return (version,)
            counter = COUNTERS + schema.number.to_bytes(4, "big")
            return version, schema.number, schema.item_prefix, counter, schema.key_types, schema.is_logged

        def plan(table_name: str, item: bytes, size: int) -> Plan:
            return plain_put(surroundings, namespace, table_name, item, size)

        # No item of up to this size has too long a name.
        return PlainPuts(submit, find, plan, VERSION_KEY, SORT_KEY_MAX_BYTES, ATTRIBUTE_NAME_MAX_BYTES)

    return of_namespace
