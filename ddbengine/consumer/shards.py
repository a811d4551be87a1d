"""Shards and their lineage: which shard came from which, and in what order they have to be read.

An item's records are in order within a shard, and a shard's children go on where it ended; so whoever reads parents
before children reads each item's records in order.  Nothing here talks to anybody.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Shard", "Stream", "ancestors", "by_id", "children", "is_ready", "parents_first", "roots", "shard_of"]


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard, as DescribeStream shows it."""

    id: str
    parent: str | None
    """The parent may be gone: after 24 hours a shard is no longer listed."""
    first: str
    """The lowest sequence number it may hold."""
    last: str | None
    """The highest, once it is closed."""

    @property
    def is_open(self) -> bool:
        return self.last is None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream with all its shards."""

    arn: str
    label: str
    table: str
    status: str
    """ENABLING, ENABLED, DISABLING or DISABLED."""
    view_type: str
    shards: Mapping[str, Shard]
    """By id, in the order listed."""

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


def shard_of(description: Mapping[str, Any]) -> Shard:
    """The shard that a member of DescribeStream's Shards describes."""
    numbers = description.get("SequenceNumberRange", {})
    return Shard(
        id=description["ShardId"],
        parent=description.get("ParentShardId") or None,
        first=numbers.get("StartingSequenceNumber", "0"),
        last=numbers.get("EndingSequenceNumber"),
    )


def roots(shards: Mapping[str, Shard]) -> list[Shard]:
    """The shards with no parent among these."""
    return [shard for shard in shards.values() if shard.parent not in shards]


def children(shards: Mapping[str, Shard]) -> dict[str, list[Shard]]:
    """The children of each shard that has any, by its id."""
    found: dict[str, list[Shard]] = {}
    for shard in shards.values():
        if shard.parent is not None and shard.parent in shards:
            found.setdefault(shard.parent, []).append(shard)
    return found


def ancestors(shard: Shard, shards: Mapping[str, Shard]) -> Iterator[Shard]:
    """Parent, grandparent and so on, as far as they are among these."""
    seen = {shard.id}
    while shard.parent is not None and shard.parent in shards and shard.parent not in seen:
        shard = shards[shard.parent]
        seen.add(shard.id)
        yield shard


def parents_first(shards: Mapping[str, Shard]) -> list[Shard]:
    """All of them, no shard before its parent, otherwise in the order given."""
    depth = {shard.id: sum(1 for _ in ancestors(shard, shards)) for shard in shards.values()}
    return sorted(shards.values(), key=lambda shard: depth[shard.id])


def is_ready(shard: Shard, shards: Mapping[str, Shard], finished: Container[str]) -> bool:
    """Whether the shard may be read: its parent has been read to the end, or is no longer there to be read."""
    return shard.parent not in shards or shard.parent in finished


def by_id(shards: Iterable[Shard]) -> dict[str, Shard]:
    return {shard.id: shard for shard in shards}
