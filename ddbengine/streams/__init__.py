"""Streams of change records: shards, shard iterators and records out of the change log.

``Consumer``, which shares a stream among workers, is the one public name: ``from ddbengine.streams import Consumer``.
It is a client of any DynamoDB and lives in ``ddbengine.consumer``; it is imported when it is asked for, since a server
has no use for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddbengine.consumer import Consumer

__all__ = ["Consumer"]


def __getattr__(name: str) -> Any:
    if name == "Consumer":
        from ddbengine.consumer import Consumer

        return Consumer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
