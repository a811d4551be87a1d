"""The order in which the service lists the members of a hash table inside a message.

Where a message names several members of a set, the service writes them in the iteration order of its hash table:
buckets ascending, members of one bucket in the order of insertion (observed on DynamoDB Local 1.25, and the older
recorded answers agree).  Clients see that order, so it is reproduced here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

TABLE_MIN_BUCKETS: Final = 16  # the table doubles when it is more than three quarters full


def string_hash(text: str) -> int:
    """The 32-bit polynomial hash (base 31) of the UTF-16 units of a text."""
    units = text.encode("utf-16-le", "surrogatepass")
    value = 0
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = (value * 31 + low + (high << 8)) & 0xFFFFFFFF
    return value


def bucket(hash_code: int, buckets: int) -> int:
    return (hash_code ^ (hash_code >> 16)) & (buckets - 1)


def in_hash_order(members: Iterable[str]) -> list[str]:
    """Distinct members, as a hash table filled in this order lists them."""
    distinct = list(dict.fromkeys(members))
    buckets = TABLE_MIN_BUCKETS
    while len(distinct) * 4 > buckets * 3:
        buckets *= 2
    return sorted(distinct, key=lambda member: bucket(string_hash(member), buckets))
