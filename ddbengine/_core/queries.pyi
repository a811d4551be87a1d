"""Queries that were found good, asked again with other values."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ddbengine._core.shortcuts import Shortcut

class PlainQuery:
    """All of a Query but its values, of one that was found good.

    ``aliases`` are those of the request, in order; ``operands`` the ones that its key condition has, and ``types`` what
    their values must be.  ``find_table(read)`` gives what holds of the table for now: the bytes under ``version_key``,
    what its items' keys start with, its key's types by name, and the four places of ``key_range``; or None of a table
    that is not to be read from as it is.  ``limit`` is 0 without one.
    """

    def __init__(
        self,
        aliases: tuple[str, ...],
        operands: tuple[str, ...],
        types: tuple[str, ...],
        find_table: Callable[[Any], tuple[Any, ...] | None],
        limit: int,
        reverse: bool,
        consistent: bool,
    ) -> None: ...

class PlainQueries(Shortcut):
    """Answers Query requests that differ from one which was found good only in their ExpressionAttributeValues.

    ``snapshot`` as of PlainLookups; what it gives has ``scan(low, high, reverse)`` too.  ``find_form(members)`` gives
    the query known by its other members, which are among ``others``, as JSON; None when none is known.  The limits are
    those of ``key_range``, ``encode_values`` and ``take_page``.

    No answer to what may have to be refused.  Raises what reading raises.
    """

    def __init__(
        self,
        snapshot: Callable[[bool], AbstractContextManager[Any] | None],
        find_form: Callable[[bytes], PlainQuery | None],
        others: frozenset[str],
        version_key: bytes,
        *,
        most_key_bytes: int,
        most_value_bytes: int,
        most_page_bytes: int,
        levels: int,
    ) -> None: ...
