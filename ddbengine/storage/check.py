"""The whole-database check of the layers of long keys: what must hold between pointers and layers.

Reads everything; meant for tests and for a person with a doubt, not for every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddbengine.storage.layers import ENTRY_MAX_BYTES, LAYER, NUMBER_BYTES, PREFIX_BYTES

if TYPE_CHECKING:
    import lmdb

TOP = b""
"""Stands for the keyspace outside all layers."""


def check_layers(txn: lmdb.Transaction[memoryview] | lmdb.Transaction[bytes]) -> list[str]:
    """Every problem found, as a sentence; an empty list for a sound database.

    Each layer must have entries, exactly one pointer, and a way to it from the top.
    """
    problems: list[str] = []
    layers: set[bytes] = set()
    pointers: dict[bytes, list[bytes]] = {}
    home: dict[bytes, bytes] = {}
    for key, value in txn.cursor():
        entry = bytes(key)
        layer = _layer_of(entry)
        if layer is None:
            problems.append(f"entry {_shown(entry)} is too short for the keyspace of layers")
            continue
        if layer:
            layers.add(layer)
        if len(entry) == ENTRY_MAX_BYTES:
            if len(value) != NUMBER_BYTES:
                problems.append(f"pointer {_shown(entry)} holds {len(value)} bytes in place of a layer's number")
                continue
            pointers.setdefault(bytes(value), []).append(entry)
            home[bytes(value)] = layer
    for layer in sorted(pointers.keys() - layers):
        problems.append(f"pointer {_shown(pointers[layer][0])} leads to layer {_number(layer)}, which is empty")
    for layer in sorted(layers - pointers.keys()):
        problems.append(f"layer {_number(layer)} has entries but no pointer")
    for layer, entries in sorted(pointers.items()):
        if len(entries) > 1:
            problems.append(f"layer {_number(layer)} has {len(entries)} pointers")
        elif not _leads_to_top(layer, home):
            problems.append(f"layer {_number(layer)} cannot be reached from the top")
    return problems


def _layer_of(entry: bytes) -> bytes | None:
    """The number of the layer an entry is in, TOP outside of all, None for what can be neither."""
    if not entry.startswith(LAYER):
        return TOP
    return entry[len(LAYER) : PREFIX_BYTES] if len(entry) >= PREFIX_BYTES else None


def _leads_to_top(layer: bytes, home: dict[bytes, bytes]) -> bool:
    seen = set()
    while layer != TOP and layer in home and layer not in seen:
        seen.add(layer)
        layer = home[layer]
    # A layer without a pointer is reported as such, not once more for everything below it.
    return layer not in seen


def _number(layer: bytes) -> int:
    return int.from_bytes(layer, "big")


def _shown(entry: bytes) -> str:
    return repr(entry if len(entry) <= 40 else entry[:40] + b"...")
