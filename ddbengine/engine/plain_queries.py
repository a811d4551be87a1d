"""The shortcut of Query: requests that differ from earlier ones, which were found good, only in their values.

What is remembered of those is ``engine.query``'s; of them, the shortcut answers the ones for whole items of a table, to
the letter as the plan would.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ddbengine._core import PlainQueries, PlainQuery, Shortcut
from ddbengine.engine.catalog import VERSION_KEY
from ddbengine.engine.context import Surroundings
from ddbengine.engine.plain_lookups import NAMESPACES_MAX, Snapshot
from ddbengine.engine.values import CURRENT_READ
from ddbengine.errors import ValidationException
from ddbengine.limits import ATTRIBUTE_NAME_MAX_BYTES, PAGE_MAX_BYTES, SORT_KEY_MAX_BYTES
from ddbengine.storage.store import ReadTxn

if TYPE_CHECKING:
    from ddbengine.engine.query import QueryForm

MEMBERS = frozenset(
    {"ConsistentRead", "ExpressionAttributeNames", "KeyConditionExpression", "Limit", "ScanIndexForward", "TableName"}
)
"""Beside the values.  A request with any other goes the long way."""


def plain_queries(surroundings: Surroundings, snapshot: Snapshot) -> Callable[[str], Shortcut]:
    """What gives the shortcut for the tables of a namespace."""

    @lru_cache(maxsize=NAMESPACES_MAX)
    def of_namespace(namespace: str) -> Shortcut:
        def find(members: bytes) -> PlainQuery | None:
            form = surroundings.query_forms.get((namespace, members))
            return None if form is None else _plain(form)

        return PlainQueries(
            snapshot,
            find,
            MEMBERS,
            VERSION_KEY,
            most_key_bytes=SORT_KEY_MAX_BYTES,
            most_value_bytes=ATTRIBUTE_NAME_MAX_BYTES,
            most_page_bytes=PAGE_MAX_BYTES,
            levels=CURRENT_READ.expression_value_levels,
        )

    return of_namespace


def _plain(form: QueryForm) -> PlainQuery:
    read, condition = form.read, form.condition
    catalog = read.surroundings.catalog

    def find(txn: ReadTxn) -> tuple[Any, ...] | None:
        found = catalog.usable_table(txn, read.namespace, read.table_name)
        if found is None:
            return None
        version, schema = found
        prefix, partition, sort = schema.layout
        try:
            places = tuple(condition.form.layout(partition, sort))
        except ValidationException:  # another table has its name now, and another key
            return None
        return version, prefix, schema.key_types, places

    return PlainQuery(
        form.aliases, condition.aliases, condition.types, find, read.limit or 0, not form.forward, read.consistent
    )
