"""Content codings: unpacking gzip requests within a bound, and packing answers for clients that ask for it."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

from isal import isal_zlib

__all__ = ["WORTH_PACKING_BYTES", "Oversized", "accepts_gzip", "pack", "unpack"]

WORTH_PACKING_BYTES = 4096
"""A smaller answer travels in a few packets whatever is done to it; the service's own threshold is not published."""

_GZIP_WBITS = 31
_FAST = 1
_REFUSED = re.compile(r"q\s*=\s*0(\.0{0,3})?\s*$")


class Oversized(Exception):
    """A packed body unpacks to more than is allowed."""


def unpack(body: bytes, limit: int) -> bytes:
    """The content of a gzip body of one or more members.

    Raises Oversized as soon as more than ``limit`` bytes came out, zlib.error when it is broken or cut short.
    """
    parts: list[bytes] = []
    room = limit
    while body:
        member = zlib.decompressobj(_GZIP_WBITS)
        part = member.decompress(body, room + 1)
        if len(part) > room:
            raise Oversized
        if not member.eof:
            raise zlib.error("the body ends inside a gzip member")
        parts.append(part)
        room -= len(part)
        body = member.unused_data
    return b"".join(parts)


def pack(body: bytes) -> bytes:
    packer = isal_zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP_WBITS)
    return packer.compress(body) + packer.flush()


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: bytes | None) -> bool:
    """Whether an Accept-Encoding header names gzip with a weight other than 0.  ``*`` is not taken as asking for it."""
    if accept_encoding is None:
        return False
    for choice in accept_encoding.decode("latin-1").lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in ("gzip", "x-gzip"):
            return _REFUSED.search(weight) is None
    return False
