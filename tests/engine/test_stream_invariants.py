"""The check of streams must name each kind of damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ddbengine.engine.invariants import broken_invariants
from ddbengine.storage.store import Writes, position_key, position_put
from ddbengine.streams.reading import FOLLOWER
from ddbengine.streams.rows import (
    Shard,
    Stream,
    all_streams,
    shard_key,
    shard_row,
    shards_of,
    stream_key,
    stream_row,
)
from tests.engine.damage import Damage
from tests.engine.streaming import Streaming, streaming

Break = Callable[[Stream, list[Shard]], Writes]


@pytest.fixture
def sound() -> Iterator[Streaming]:
    """A table with a stream, whose first shard was split, and whose second one rolled over."""
    calls = streaming()
    calls.create_streamed()
    calls.engine.split_partition("table")
    calls.upkeep(4)
    assert names(calls) == []
    yield calls
    calls.engine.close()


def names(calls: Streaming) -> list[str]:
    with calls.engine.store.snapshot() as txn:
        return sorted({finding.name for finding in broken_invariants(txn)})


def put(stream: Stream, *shards: Shard) -> Writes:
    return Writes(puts=[shard_row(stream, shard) for shard in shards])


BREAKS: dict[str, tuple[Break, list[str]]] = {
    "a stream cannot be read": (
        lambda stream, shards: Writes(puts=[(stream_key("AKIATEST/us-east-1", "table", stream.label), b"\xc1")]),
        ["stream-unreadable"],
    ),
    "a shard cannot be read": (
        lambda stream, shards: Writes(puts=[(shard_key(stream, shards[0].id), b"\xc1")]),
        ["stream-unreadable"],
    ),
    "the stream is missing": (
        lambda stream, shards: Writes(deletes=[stream_key(stream.namespace, stream.table_name, stream.label)]),
        ["shard-of-no-stream", "stream-missing", "stream-position-wrong"],
    ),
    "the stream is off, and its table says it is on": (
        lambda stream, shards: Writes(puts=[stream_row(replace(stream, disabled=1.0))]),
        ["stream-state-wrong"],
    ),
    "the stream is of another table": (
        lambda stream, shards: Writes(puts=[stream_row(replace(stream, table_number=99))]),
        ["stream-state-wrong"],
    ),
    "a stream is on without a table": (
        lambda stream, shards: Writes(puts=[stream_row(replace(stream, table_name="other", open_shards=()))]),
        ["stream-shards-wrong", "stream-state-wrong"],
    ),
    "an open shard is missing": (
        lambda stream, shards: Writes(deletes=[shard_key(stream, stream.open_shards[0])]),
        ["shard-wrong", "stream-shards-wrong"],
    ),
    "an open shard is not in use": (
        lambda stream, shards: Writes(puts=[stream_row(replace(stream, open_shards=stream.open_shards[1:]))]),
        ["shard-wrong", "stream-shards-wrong"],
    ),
    "a shard in use is closed": (
        lambda stream, shards: put(stream, replace(shards[-1], last=shards[-1].after + 1, closed=1.0)),
        ["shard-wrong"],
    ),
    "a closed shard ends before it begins": (
        lambda stream, shards: put(stream, replace(shards[0], last=shards[0].after)),
        ["shard-wrong"],
    ),
    "children begin where their parent does not end": (
        lambda stream, shards: put(stream, replace(shards[1], after=shards[1].after + 1)),
        ["shard-wrong"],
    ),
    "children leave hashes out": (
        lambda stream, shards: put(stream, replace(shards[1], high=shards[1].high - 1)),
        ["shard-wrong"],
    ),
    "a closed shard has no children": (
        lambda stream, shards: put(stream, replace(shards[-1], parent=None)),
        ["shard-wrong"],
    ),
    "the position is missing": (
        lambda stream, shards: Writes(deletes=[position_key(FOLLOWER)]),
        ["stream-position-wrong"],
    ),
}


@pytest.mark.parametrize("damage", BREAKS)
def test_damage_is_found(sound: Streaming, damage: str) -> None:
    break_, expected = BREAKS[damage]
    with sound.engine.store.snapshot() as txn:
        (stream,) = all_streams(txn)
        writes = break_(stream, list(shards_of(txn, stream)))
    sound.engine.store.submit(Damage(writes)).result()
    assert names(sound) == expected


def test_a_position_without_streams_is_found() -> None:
    calls = streaming()
    calls.engine.store.submit(Damage(Writes(puts=[position_put(FOLLOWER, 1)]))).result()
    assert names(calls) == ["stream-position-wrong"]
    calls.engine.close()
