"""What an import and an export need of the tables they write and read, wherever those are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from ddbengine.engine.bulk_load import Loaded, OnRefused
from ddbengine.exchange.schemas import TableToCreate

__all__ = ["AccessError", "TableAccess"]


class AccessError(Exception):
    """Tables cannot be reached, or refuse what is asked of them as a whole; the message says why."""


class TableAccess(Protocol):
    """A context manager.  Every method may raise AccessError."""

    name: str
    """Where the tables are, as people call it."""

    def describe(self, table_name: str) -> dict[str, Any] | None:
        """The answer of DescribeTable, with ``TimeToLiveDescription`` as a further member; None without the table."""
        ...

    def create(self, table: TableToCreate) -> None:
        """Create a table, and return when it can be used."""
        ...

    def load(self, table_name: str, items: Iterable[dict[str, Any]], on_refused: OnRefused) -> Iterator[Loaded]:
        """Put items as PutItem does; see ``engine.bulk_load.load_batches``.  The last one of a key wins."""
        ...

    def scan(self, table_name: str) -> Iterator[list[bytes]]:
        """All items as DynamoDB JSON text, some at a time."""
        ...

    def __enter__(self) -> TableAccess: ...

    def __exit__(self, *_: object) -> None: ...
