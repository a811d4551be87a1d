"""Keys of any length, in exact byte order, on B+trees whose keys end at 511 bytes: a trie of B+trees, as in Masstree.

A key of up to 510 bytes is an entry of the tree itself.  Of a longer key the first 511 bytes are a *pointer* entry,
whose value is the 8-byte number of a *layer*; the rest of the key lives there, that is, under ``L <number> <rest>``,
where the same rule applies again.  So:

- an entry of exactly 511 bytes is always a pointer, and no other entry is;
- all keys with the same first 511 bytes share one layer, which sorts where its pointer does;
- a layer is never empty: it comes with its first key and goes, pointer and all, with its last one;
- a key that is its pointer and nothing more has the empty rest, the entry ``L <number>``.

Short keys pay one comparison of lengths.  Keys given to these functions are not empty and do not start with ``L``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ddbengine._core import MappedTree, Within

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

    Source = Transaction | MappedTree
    """What entries are read from."""

ENTRY_MAX_BYTES = 511
"""The longest key of LMDB's 0.9 format."""
DIRECT_MAX_BYTES = ENTRY_MAX_BYTES - 1
LAYER = b"L"
AFTER_LAYER = b"M"
NUMBER_BYTES = 8
PREFIX_BYTES = len(LAYER) + NUMBER_BYTES
"""What precedes the rest of a key inside a layer."""

assert PREFIX_BYTES < DIRECT_MAX_BYTES, "a layer takes up a part of the key"


def get(source: Source, key: bytes) -> memoryview | None:
    """The value of a key of any length, None when absent."""
    while len(key) > DIRECT_MAX_BYTES:
        number = source.get(key[:ENTRY_MAX_BYTES])
        if number is None:
            return None
        key = LAYER + bytes(number) + key[ENTRY_MAX_BYTES:]
    return source.get(key)


def replace(txn: Transaction, key: bytes, value: bytes) -> bytes | None:
    """Store a value under a key of any length; returns what was there."""
    assert key[0] != LAYER[0], "the keyspace of layers is not for callers"
    if len(key) > DIRECT_MAX_BYTES:
        key = _make_way(txn, key)
    return _as_bytes(txn.replace(key, value))


def pop(txn: Transaction, key: bytes) -> bytes | None:
    """Remove a key of any length, and the layers that it leaves empty; returns what was there, or None."""
    assert key[0] != LAYER[0], "the keyspace of layers is not for callers"
    pointers = []
    while len(key) > DIRECT_MAX_BYTES:
        pointer = key[:ENTRY_MAX_BYTES]
        number = txn.get(pointer)
        if number is None:
            return None
        prefix = LAYER + bytes(number)
        pointers.append((pointer, prefix))
        key = prefix + key[ENTRY_MAX_BYTES:]
    found = txn.pop(key)
    for pointer, prefix in reversed(pointers):
        if not _is_empty(txn, prefix):
            break
        txn.delete(pointer)
    return _as_bytes(found)


def scan(source: Source, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
    """Entries with low <= key < high, keys whole, in byte order or from the last to the first.

    ``low`` may be empty.  Values live until the transaction ends or is next written to.
    """
    if low < AFTER_LAYER and high > LAYER:
        return _walk_around_layers(source, low, high, reverse)
    return _walk(source, low, high, reverse)


def _walk_around_layers(source: Source, low: bytes, high: bytes, reverse: bool) -> Iterator[tuple[bytes, memoryview]]:
    parts = [(low, min(high, LAYER)), (max(low, AFTER_LAYER), high)]
    for part_low, part_high in reversed(parts) if reverse else parts:
        if part_low < part_high:
            yield from _walk(source, part_low, part_high, reverse)


def _walk(source: Source, low: bytes, high: bytes, reverse: bool) -> Iterator[tuple[bytes, memoryview]]:
    """Entries of one tree with low <= key < high, keys whole."""
    inside = partial(_inside, source, low, high, reverse)
    if isinstance(source, MappedTree):
        return source.walk(low, high, ENTRY_MAX_BYTES, inside, reverse)
    cursor = source.cursor()
    if reverse:
        if not _seek_last_below(cursor, high):
            return iter(())
        return Within(cursor.iterprev(), low[:ENTRY_MAX_BYTES], ENTRY_MAX_BYTES, inside, reverse=True)
    if not (cursor.set_range(low[:ENTRY_MAX_BYTES]) if low else cursor.first()):
        return iter(())
    return Within(cursor, high, ENTRY_MAX_BYTES, inside)


def _inside(
    source: Source, low: bytes, high: bytes, reverse: bool, pointer: bytes, number: memoryview
) -> Iterator[tuple[bytes, memoryview]]:
    """What of the layer behind a pointer is within low and high, keys whole."""
    for rest, value in _walk(source, *_bounds_inside(pointer, number, low, high), reverse):
        yield pointer + rest[PREFIX_BYTES:], value


def _seek_last_below(cursor: lmdb.Cursor[memoryview], high: bytes) -> bool:
    """Put the cursor on the last entry that is below ``high``, or that is a pointer to keys below it."""
    if not high:
        return False
    bound = high[:ENTRY_MAX_BYTES]
    if not cursor.set_range(bound):
        return cursor.last()
    if len(high) > ENTRY_MAX_BYTES and cursor.key() == bound:
        return True
    return cursor.prev()


def _bounds_inside(pointer: bytes, number: memoryview, low: bytes, high: bytes) -> tuple[bytes, bytes]:
    """What of low and high cuts through the pointer's layer, as bounds in the layer's keyspace."""
    prefix = LAYER + bytes(number)
    layer_low = prefix + low[ENTRY_MAX_BYTES:] if low.startswith(pointer) else prefix
    if len(high) > ENTRY_MAX_BYTES and high.startswith(pointer):
        return layer_low, prefix + high[ENTRY_MAX_BYTES:]
    return layer_low, LAYER + (int.from_bytes(number, "big") + 1).to_bytes(NUMBER_BYTES, "big")


def _make_way(txn: Transaction, key: bytes) -> bytes:
    """The entry that a long key has, with its pointers made where they were missing."""
    fresh: int | None = None
    while len(key) > DIRECT_MAX_BYTES:
        pointer = key[:ENTRY_MAX_BYTES]
        known = txn.get(pointer) if fresh is None else None
        if known is not None:
            number = bytes(known)
        else:
            # A layer made here has no entry yet, so the tree cannot tell the number after it.
            fresh = _next_number(txn) if fresh is None else fresh + 1
            number = fresh.to_bytes(NUMBER_BYTES, "big")
            txn.put(pointer, number)
        key = LAYER + number + key[ENTRY_MAX_BYTES:]
    return key


def _next_number(txn: Transaction) -> int:
    """One above the highest layer.  Every layer has an entry, so the last one under ``L`` names it."""
    with txn.cursor() as cursor:
        if _seek_last_below(cursor, AFTER_LAYER):
            last = bytes(cursor.key())
            if last.startswith(LAYER):
                return int.from_bytes(last[len(LAYER) : PREFIX_BYTES], "big") + 1
    return 1


def _is_empty(txn: Transaction, prefix: bytes) -> bool:
    with txn.cursor() as cursor:
        return not (cursor.set_range(prefix) and bytes(cursor.key()[:PREFIX_BYTES]) == prefix)


def _as_bytes(value: memoryview | bytes | None) -> bytes | None:
    """The binding copies what it replaces or pops, whatever its types say."""
    return value if value is None or isinstance(value, bytes) else bytes(value)
