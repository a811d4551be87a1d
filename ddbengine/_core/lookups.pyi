"""GetItem in its plainest form."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ddbengine._core.shortcuts import Shortcut

class PlainLookups(Shortcut):
    """Answers GetItem requests in their plainest form: a whole item by a key of strings and numbers.

    ``snapshot(consistent)`` gives what has ``get(key)`` inside ``with``, or None where nothing is to be read.
    ``find_table(read, name)`` gives what holds of a table while the bytes under ``version_key`` stay as they are: these
    bytes, what its items' keys start with, and its key's types by name, the partition key first; or None of a table
    that is not to be read from as it is.  Values of keys have at most ``most_bytes``.

    No answer to what is of another form or table, or may have to be refused.  Raises what reading raises.
    """

    def __init__(
        self,
        snapshot: Callable[[bool], AbstractContextManager[Any] | None],
        find_table: Callable[[Any, str], tuple[bytes, bytes, dict[str, str]] | None],
        version_key: bytes,
        most_bytes: int,
    ) -> None: ...
