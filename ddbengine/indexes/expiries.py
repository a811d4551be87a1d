"""Expiry entries: when each item of a table with time to live expires, in the order of time.

An entry's key is ``T | number of the time to live | expiry, 8 bytes | the item's key without its keyspace and table
number``; it has no value.  It is kept in the item's own transaction, so an entry is there exactly while its item has
that expiry, and what is due is found without looking at the items that are not.

An item expires when its attribute is a number of seconds since the epoch that can be a time (FACTS 5.11): text, zero
and negative numbers, and numbers beyond 64 bits mean that it never does.
"""

from __future__ import annotations

from ddbengine import _core
from ddbengine.schema.table import TimeToLive

EXPIRIES = b"T"
_ITEM_KEY_AT = 5
"""Where an item's key begins to tell items of one table apart: after keyspace and table number."""
_ENTRY_HEAD_BYTES = 13
_LATEST = 2**63 - 1


def expiry_of(ttl: TimeToLive, item: _core.Buffer | None) -> int | None:
    """Seconds since the epoch after which a stored item has expired, None if it never does.

    A fraction of a second counts as a whole one.
    """
    if item is None:
        return None
    value = _core.get_attribute(item, ttl.attribute)
    if value is None or _core.type_of(value) != "N":
        return None
    whole, _, fraction = _core.number_to_text(_core.key_bytes(value)).partition(".")
    if whole.startswith("-"):
        return None
    seconds = int(whole) + bool(fraction)
    return seconds if 0 < seconds <= _LATEST else None


def expiry_key(ttl: TimeToLive, expiry: int, item_key: bytes) -> bytes:
    """The key of the entry of the item stored under this key."""
    return expiries_from(ttl.number, expiry) + item_key[_ITEM_KEY_AT:]


def expiries_from(number: int, expiry: int) -> bytes:
    """The smallest key of an entry of this time or later; ``number`` is that of the time to live."""
    return EXPIRIES + number.to_bytes(4, "big") + max(0, min(expiry, _LATEST)).to_bytes(8, "big")


def item_key_of(table_prefix: bytes, entry_key: bytes) -> bytes:
    """The key of an entry's item; ``table_prefix`` is what the keys of the table's items start with."""
    return table_prefix + entry_key[_ENTRY_HEAD_BYTES:]
