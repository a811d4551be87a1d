"""Shard iterators: opaque text that says where in which shard a reader is, and since when it has been valid.

``<stream ARN>|1|<base64>`` as the service's look.  The last part is the shard, the LSN after which to read, the time of
issue and a code of authentication under the id of the stream's table, so that what no stream of that table has given
out is refused.  Knows nothing of the store.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from ddbengine.limits import SHARD_ITERATOR_VALID_SECONDS

_FORM = "1"
_PLACE = struct.Struct(">Q8sQQ")
"""Number and hash digits of the shard id, LSN, milliseconds since the epoch."""
_CODE_BYTES = 8
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class ShardIterator:
    arn: str
    shard_id: str
    after: int
    """Records behind this LSN are to be read."""
    issued: float
    """Seconds since the epoch."""

    def is_expired(self, now: float) -> bool:
        return now - self.issued > SHARD_ITERATOR_VALID_SECONDS


@dataclass(frozen=True, slots=True)
class Sealed:
    """An iterator as a client sent it, not yet known to be genuine."""

    arn: str
    place: bytes
    code: bytes

    @property
    def claimed_after(self) -> int:
        """The LSN behind which to read, if it is genuine."""
        after: int = _PLACE.unpack(self.place)[2]
        return after

    def opened(self, secret: str) -> ShardIterator | None:
        """The iterator; None when it was not sealed with this secret."""
        if _code(self.arn, self.place, secret) != self.code:
            return None
        number, digits, after, millis = _PLACE.unpack(self.place)
        return ShardIterator(self.arn, f"shardId-{number:020}-{digits.decode()}", after, millis / 1000)


def sealed(iterator: ShardIterator, secret: str) -> str:
    """The text of an iterator."""
    _, number, digits = iterator.shard_id.split("-")
    place = _PLACE.pack(int(number), digits.encode(), iterator.after, round(iterator.issued * 1000))
    code = _code(iterator.arn, place, secret)
    return f"{iterator.arn}|{_FORM}|{base64.b64encode(place + code).decode()}"


def parse(text: str) -> Sealed | None:
    """The parts of an iterator's text; None when it is not one."""
    parts = text.rsplit("|", 2)
    if len(parts) != 3 or parts[1] != _FORM or len(text) > _LONGEST:
        return None
    arn, _, encoded = parts
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) != _PLACE.size + _CODE_BYTES:
        return None
    return Sealed(arn, content[: _PLACE.size], content[_PLACE.size :])


def _code(arn: str, place: bytes, secret: str) -> bytes:
    return hashlib.blake2b(place + arn.encode(), digest_size=_CODE_BYTES, key=secret.encode()).digest()
