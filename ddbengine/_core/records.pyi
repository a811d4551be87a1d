"""What the change log says of a change."""

from typing import Any

from ddbengine._core.outcomes import Writes

def change_record(number: int, key: bytes, old: bytes | None, new: bytes | None, actor: str | None = None) -> bytes:
    """What the log says of a change of an item, to those who know items: msgpack of [table number, partition hash, key,
    old item, new item, actor].  ``key`` is the stored one."""

def log_record(writes: Writes) -> tuple[bytes | None, list[tuple[Any, ...]], list[bytes], list[Any]]:
    """What the log says of a change: its logical part or None, puts, deletes and counters.  A put whose value stands in
    the logical part has where it does, and its length, in place of the value."""
