"""PutItem in its plainest form."""

from collections.abc import Callable
from typing import Any

from ddbengine._core.outcomes import Outcome
from ddbengine._core.shortcuts import Shortcut

class PlainPuts(Shortcut):
    """Makes plans of PutItem requests in their plainest form: a table, an item of up to ``most_item_bytes`` by
    DynamoDB's accounting that there is nothing to be said about, and nothing else.

    ``submit`` takes a PlainPut and gives the answer, or None when the shortcut is not to be taken.
    ``find_table(txn, name)`` gives what holds of a table while the bytes under ``version_key`` stay as they are: these
    bytes, its number, what its items' keys start with, the key of its counter (of items and bytes), its key's types by
    name, the partition key first, and whether its changes are logged for others than replicas.  It gives nothing but
    the version for a table that has more written than that, and b"" for one of which nothing can be remembered.
    ``plan_of(table_name, item, size)`` makes the ordinary plan.  Values of keys have at most ``most_key_bytes``.
    """

    def __init__(
        self,
        submit: Callable[[Any], Any],
        find_table: Callable[[Any, str], tuple[Any, ...]],
        plan_of: Callable[[str, bytes, int], Any],
        version_key: bytes,
        most_key_bytes: int,
        most_item_bytes: int,
    ) -> None: ...

class PlainPut:
    """A plan (``storage.store.Plan``), made by PlainPuts."""

    writes: bool
    consistent: bool
    def run(self, txn: Any) -> Outcome: ...
