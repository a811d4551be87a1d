"""The structural check must name each kind of damage; a check that cannot fail proves nothing."""

from __future__ import annotations

from ddbengine.storage import layers
from ddbengine.storage.check import check_layers
from tests.storage.test_layers import empty_transaction

POINTER = b"I" * 511


def number(layer: int) -> bytes:
    return layer.to_bytes(8, "big")


def test_a_sound_database_has_no_problems() -> None:
    with empty_transaction() as txn:
        layers.replace(txn, b"I" * 3000, b"v")
        layers.replace(txn, b"I", b"v")
        assert check_layers(txn) == []


def test_a_pointer_to_an_empty_layer_is_found() -> None:
    with empty_transaction() as txn:
        txn.put(POINTER, number(7))
        assert len(check_layers(txn)) == 1
        assert "leads to layer 7, which is empty" in check_layers(txn)[0]


def test_a_layer_without_a_pointer_is_found() -> None:
    with empty_transaction() as txn:
        txn.put(b"L" + number(3) + b"rest", b"v")
        assert check_layers(txn) == ["layer 3 has entries but no pointer"]


def test_a_layer_with_two_pointers_is_found() -> None:
    with empty_transaction() as txn:
        txn.put(POINTER, number(1))
        txn.put(b"X" * 511, number(1))
        txn.put(b"L" + number(1) + b"rest", b"v")
        assert check_layers(txn) == ["layer 1 has 2 pointers"]


def test_layers_that_lead_to_each_other_are_found() -> None:
    with empty_transaction() as txn:
        txn.put(b"L" + number(1) + b"a" * 502, number(2))
        txn.put(b"L" + number(2) + b"a" * 502, number(1))
        assert check_layers(txn) == [
            "layer 1 cannot be reached from the top",
            "layer 2 cannot be reached from the top",
        ]


def test_a_pointer_that_holds_no_number_is_found() -> None:
    with empty_transaction() as txn:
        txn.put(POINTER, b"short")
        assert "holds 5 bytes in place of a layer's number" in check_layers(txn)[0]


def test_an_entry_too_short_for_a_layer_is_found() -> None:
    with empty_transaction() as txn:
        txn.put(b"L12", b"v")
        assert check_layers(txn) == ["entry b'L12' is too short for the keyspace of layers"]
