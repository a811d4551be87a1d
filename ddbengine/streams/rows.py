"""Streams and their shards as they stand in the store.

They have rows of their own, apart from the table's schema, since a stream outlives being switched off, and its table,
until its records are too old to be read:

| key | value |
| --- | --- |
| ``C s <namespace> 00 <table name> 00 <label>`` | msgpack list of the members of a Stream that are not in the key |
| ``C h <namespace> 00 <table name> 00 <label> 00 <shard id>`` | the same of a Shard |

So the streams of a namespace are in order of table name and label, and the shards of a stream in order of their ids,
which is the order in which they were made.  Knows bytes and transactions; nothing of requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgpack

from ddbengine.storage.store import ReadTxn

STREAMS = b"Cs"
SHARDS = b"Ch"
_END = b"\xff"
"""Greater than any table name, label or shard id."""

HASHES = 1 << 32
"""One more than the greatest partition hash."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a table, switched on or (for as long as it can be read) off."""

    namespace: str
    table_name: str
    label: str
    arn: str
    table_number: int
    table_id: str
    view_type: str
    key: tuple[str, ...]
    """Names of the table's key attributes: partition, then sort."""
    created: float
    """Seconds since the epoch."""
    disabled: float | None
    open_shards: tuple[str, ...]
    """Ids of the shards that take records, in order of their hashes; none once it is disabled."""
    newest_shard: int
    """The number in the id of the shard made last.  Of all shards of a store no two have the same: a consumer of
    several streams may keep its leases by shard id alone, as the Kinesis Client Library does."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The records of a range of partition hashes over a range of LSNs: hash in [low, high), after < LSN <= last."""

    id: str
    low: int
    high: int
    after: int
    last: int | None
    """None while it is open."""
    parent: str | None
    created: float
    closed: float | None

    @property
    def starting(self) -> int:
        """The least LSN a record of the shard can have."""
        return self.after + 1

    def takes(self, partition_hash: int) -> bool:
        return self.low <= partition_hash < self.high


# --- streams ---------------------------------------------------------------------------------------------------------


def stream_key(namespace: str, table_name: str, label: str) -> bytes:
    return STREAMS + _path(namespace, table_name, label)


def stream_row(stream: Stream) -> tuple[bytes, bytes]:
    """The put of a stream."""
    packed: bytes = msgpack.packb(
        (
            stream.arn,
            stream.table_number,
            stream.table_id,
            stream.view_type,
            stream.key,
            stream.created,
            stream.disabled,
            stream.open_shards,
            stream.newest_shard,
        )
    )
    return stream_key(stream.namespace, stream.table_name, stream.label), packed


def stream_of(key: bytes, row: bytes | memoryview) -> Stream:
    # From the right: a namespace is what a client calls itself, table names and labels are checked.
    namespace, table_name, label = key[len(STREAMS) :].decode().rsplit("\0", 2)
    arn, number, table_id, view_type, names, created, disabled, open_shards, newest = msgpack.unpackb(row)
    return Stream(
        namespace,
        table_name,
        label,
        arn,
        number,
        table_id,
        view_type,
        tuple(names),
        created,
        disabled,
        tuple(open_shards),
        newest,
    )


def find_stream(txn: ReadTxn, namespace: str, table_name: str, label: str) -> Stream | None:
    key = stream_key(namespace, table_name, label)
    row = txn.get(key)
    return None if row is None else stream_of(key, row)


def all_streams(txn: ReadTxn) -> Iterator[Stream]:
    """Every stream of every namespace."""
    for key, row in txn.scan(STREAMS, STREAMS + _END):
        yield stream_of(bytes(key), row)


def newest_shard(txn: ReadTxn) -> int:
    """The number in the id of the shard made last in any stream; 0 without streams."""
    return max((stream.newest_shard for stream in all_streams(txn)), default=0)


def streams_of(
    txn: ReadTxn, namespace: str, table_name: str | None = None, after: tuple[str, str] | None = None
) -> Iterator[Stream]:
    """Streams of a namespace, or of one table name in it, in order of table name and label; ``after`` a table name and
    label, where given."""
    prefix = STREAMS + namespace.encode() + b"\0" + (b"" if table_name is None else table_name.encode() + b"\0")
    low = prefix if after is None else max(prefix, stream_key(namespace, *after) + b"\0")
    for key, row in txn.scan(low, prefix + _END):
        stream = stream_of(bytes(key), row)
        if stream.namespace == namespace:
            yield stream


# --- shards ----------------------------------------------------------------------------------------------------------


def shard_key(stream: Stream, shard_id: str) -> bytes:
    return _shards_prefix(stream) + shard_id.encode()


def shard_row(stream: Stream, shard: Shard) -> tuple[bytes, bytes]:
    """The put of a shard."""
    packed: bytes = msgpack.packb(
        (shard.low, shard.high, shard.after, shard.last, shard.parent, shard.created, shard.closed)
    )
    return shard_key(stream, shard.id), packed


def find_shard(txn: ReadTxn, stream: Stream, shard_id: str) -> Shard | None:
    row = txn.get(shard_key(stream, shard_id))
    return None if row is None else Shard(shard_id, *msgpack.unpackb(row))


def open_shards(txn: ReadTxn, stream: Stream) -> list[Shard]:
    """The shards that take records, in order of their hashes."""
    found = [find_shard(txn, stream, shard_id) for shard_id in stream.open_shards]
    return [shard for shard in found if shard is not None]


def shards_of(txn: ReadTxn, stream: Stream, after: str | None = None) -> Iterator[Shard]:
    """Shards in the order in which they were made, ``after`` a shard id where one is given."""
    prefix = _shards_prefix(stream)
    low = prefix if after is None else prefix + after.encode() + b"\0"
    for key, row in txn.scan(low, prefix + _END):
        yield Shard(bytes(key)[len(prefix) :].decode(), *msgpack.unpackb(row))


def children_of(txn: ReadTxn, stream: Stream, parent: str, after: str | None = None) -> Iterator[Shard]:
    """The shards that follow one, which may be gone already, in order; ``after`` a shard id where one is given."""
    shard = find_shard(txn, stream, parent)
    if shard is not None and shard.last is None:
        return
    missing = HASHES if shard is None else shard.high - shard.low
    for child in shards_of(txn, stream, parent if after is None else max(parent, after)):
        if child.parent == parent:
            yield child
            missing -= child.high - child.low
            if missing == 0:
                return


def _path(*names: str) -> bytes:
    return "\0".join(names).encode()


def _shards_prefix(stream: Stream) -> bytes:
    return SHARDS + _path(stream.namespace, stream.table_name, stream.label) + b"\0"
