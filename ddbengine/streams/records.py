"""Stream records: a change of the log as the JSON bytes that GetRecords answers with (FACTS 5.13).

Stored items become JSON in ``_core``; no Python object is made for an attribute.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import NamedTuple

import msgpack
import orjson

from ddbengine import _core
from ddbengine.streams.rows import Stream
from ddbengine.streams.sequence import sequence_number

TIME_TO_LIVE = "ttl"
"""The actor of a log record that deleted an expired item."""

_TIME_TO_LIVE_IDENTITY = b',"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}'
_NEW_IMAGE = frozenset(("NEW_IMAGE", "NEW_AND_OLD_IMAGES"))
_OLD_IMAGE = frozenset(("OLD_IMAGE", "NEW_AND_OLD_IMAGES"))
_HASH_BYTES = 4
_SCRAMBLE = 0x9E3779B97F4A7C15
"""Odd, so that multiplying by it is one to one modulo 2^64: event ids of neighbours look unlike, and never alike."""


_TEMPLATE = (
    b'{"eventID":"%b%%016x","eventName":"%%b","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":%b,'
    b'"dynamodb":{"ApproximateCreationDateTime":%%d,"Keys":%%b%%b,"SequenceNumber":"%%b","SizeBytes":%%d,'
    b'"StreamViewType":%b}%%b}'
)
"""What is filled in for a stream, and then, behind two percent signs here, for each record."""


class Rendered(NamedTuple):
    body: bytes
    """A JSON object."""
    size: int
    """Bytes by the service's accounting: keys and images."""


Render = Callable[[bytes, int, int], Rendered]
"""Renders a log record with its LSN and its time in microseconds since the epoch."""


def record_prefix(table_number: int) -> bytes:
    """What the log records of a table begin with; the four bytes of the partition hash follow.

    Log records are ``engine.changes.ItemChange.record``: msgpack lists of table number, partition hash, key, old item,
    new item, actor.  So a reader tells records of other tables and shards apart without decoding them.
    """
    number: bytes = msgpack.packb(table_number)
    return b"\x96" + number + bytes((0xC4, _HASH_BYTES))


def partition_hash(record: bytes, prefix: bytes) -> int:
    """The partition hash of a log record that begins with the prefix."""
    found: int = _HASH.unpack_from(record, len(prefix))[0]
    return found


_HASH = struct.Struct(">I")


def renderer(stream: Stream, region: str) -> Render:
    """What makes records of one stream, as its view type has them."""
    names = stream.key
    with_new, with_old = stream.view_type in _NEW_IMAGE, stream.view_type in _OLD_IMAGE
    event_ids = hashlib.blake2b(stream.arn.encode(), digest_size=8, key=stream.table_id.encode()).hexdigest()
    as_sent = orjson.dumps(region).replace(b"%", b"%%")  # a client may call its region anything
    template = _TEMPLATE % (event_ids.encode(), as_sent, orjson.dumps(stream.view_type))
    item_to_wire, item_size, pick, unpack = _core.item_to_wire, _core.item_size, _core.pick, msgpack.unpackb

    def render(record: bytes, lsn: int, micros: int) -> Rendered:
        _, _, _, old, new, actor = unpack(record)
        key = pick(old if new is None else new, names)
        size = item_size(key)
        name = b"INSERT" if old is None else b"REMOVE" if new is None else b"MODIFY"
        images = b""
        if with_new and new is not None:
            images = b',"NewImage":' + item_to_wire(new)
            size += item_size(new)
        if with_old and old is not None:
            images += b',"OldImage":' + item_to_wire(old)
            size += item_size(old)
        body = template % (
            lsn * _SCRAMBLE & 0xFFFFFFFFFFFFFFFF,
            name,
            micros // 1_000_000,
            item_to_wire(key),
            images,
            sequence_number(lsn).encode(),
            size,
            _TIME_TO_LIVE_IDENTITY if actor == TIME_TO_LIVE else b"",
        )
        return Rendered(body, size)

    return render
