"""What must hold between tables, their streams and the shards of these.

- a table whose stream is on has the row of that stream, on, and no other row of a stream says that it is on;
- the open shards of a stream that is on are the table's partitions: they cover every hash exactly once;
- a closed shard is followed by children that have exactly its hashes, and begin where it ended, or was closed with its
  stream; so every record is in one shard;
- the position of streams in the change log is there while there is any stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgpack

from ddbengine.engine.keys import after
from ddbengine.schema.table import TableSchema
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn, position_key, position_of
from ddbengine.streams.reading import FOLLOWER
from ddbengine.streams.rows import HASHES, SHARDS, STREAMS, Shard, Stream, shard_key, shards_of, stream_key, stream_of

__all__ = ["broken_streams"]

_UNREADABLE_ROW = (ValueError, TypeError, msgpack.UnpackException)


def broken_streams(txn: ReadTxn, schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    """What disagrees about streams; ``schemas`` are those of all tables."""
    tables = {
        stream_key(schema.namespace, schema.name, schema.settings["LatestStreamLabel"]): schema
        for schema in schemas
        if schema.is_streamed
    }
    known = set()
    for key, row in txn.scan(STREAMS, after(STREAMS)):
        schema = tables.pop(bytes(key), None)
        known.add(bytes(key)[len(STREAMS) :])
        try:
            stream = stream_of(bytes(key), row)
            found = list(shards_of(txn, stream))
        except _UNREADABLE_ROW as error:
            yield Finding("stream-unreadable", "streams", shown(bytes(key)), f"cannot be read: {error!r}")
            continue
        yield from _of_stream(stream, schema)
        yield from _of_shards(stream, found)
    for key, schema in tables.items():
        yield Finding("stream-missing", _place(schema.name), shown(key), "the table's stream is on and has no row")
    yield from _strays(txn, known)
    if (position_of(txn, FOLLOWER) is None) is bool(known):
        yield Finding(
            "stream-position-wrong",
            "streams",
            shown(position_key(FOLLOWER)),
            "is there without streams, or not with them",
        )


def _of_stream(stream: Stream, schema: TableSchema | None) -> Iterator[Finding]:
    key = stream_key(stream.namespace, stream.table_name, stream.label)
    if (stream.disabled is None) is (schema is None):
        yield Finding(
            "stream-state-wrong", _place(stream.table_name), shown(key), "is on for the table, or for its own row, only"
        )
    elif schema is not None and (schema.number, schema.id) != (stream.table_number, stream.table_id):
        yield Finding("stream-state-wrong", _place(stream.table_name), shown(key), "is the stream of another table")
    elif schema is not None and len(stream.open_shards) != len(schema.partition_cuts) + 1:
        yield Finding(
            "stream-shards-wrong",
            _place(stream.table_name),
            shown(key),
            "has other open shards than the table has partitions",
        )


def _of_shards(stream: Stream, shards: Sequence[Shard]) -> Iterator[Finding]:
    by_id = {shard.id: shard for shard in shards}
    current = [by_id[shard_id] for shard_id in stream.open_shards if shard_id in by_id]
    if stream.disabled is None and (len(current) < len(stream.open_shards) or not _covers(current, 0, HASHES)):
        key = stream_key(stream.namespace, stream.table_name, stream.label)
        yield Finding(
            "stream-shards-wrong",
            _place(stream.table_name),
            shown(key),
            "the open shards are not all hashes, each once",
        )
    children: dict[str, list[Shard]] = {}
    for shard in shards:
        if shard.parent is not None:
            children.setdefault(shard.parent, []).append(shard)
    for shard in shards:
        problem = _problem(stream, shard, children.get(shard.id, []))
        if problem is not None:
            yield Finding("shard-wrong", _place(stream.table_name), shown(shard_key(stream, shard.id)), problem)


def _problem(stream: Stream, shard: Shard, children: Sequence[Shard]) -> str | None:
    if shard.last is None or shard.closed is None:
        return None if shard.id in stream.open_shards and not children else "is open and not in use"
    if shard.id in stream.open_shards:
        return "is closed and in use"
    if shard.last <= shard.after:
        return "ends before it begins"
    if not children:
        return None if shard.closed == stream.disabled else "was closed and has no children"
    in_order = sorted(children, key=lambda child: child.low)
    if not _covers(in_order, shard.low, shard.high) or any(child.after != shard.last for child in children):
        return "its children do not have its hashes, or do not begin where it ends"
    return None


def _covers(shards: Sequence[Shard], low: int, high: int) -> bool:
    """Whether shards in order have exactly the hashes from low to high."""
    bounds = [(low, low), *((shard.low, shard.high) for shard in shards), (high, high)]
    return all(before[1] == behind[0] for before, behind in pairwise(bounds))


def _strays(txn: ReadTxn, known: set[bytes]) -> Iterator[Finding]:
    for key, _ in txn.scan(SHARDS, after(SHARDS)):
        if bytes(key)[len(SHARDS) :].rpartition(b"\0")[0] not in known:
            yield Finding("shard-of-no-stream", "streams", shown(bytes(key)), "there is no stream it belongs to")


def _place(table_name: str) -> str:
    return f"stream of table {table_name}"
