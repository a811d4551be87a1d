"""The statement charge of FACTS 2.7, piece by piece."""

from __future__ import annotations

import pytest

from tests.expressions.compiling import encoded, update
from tests.wire import NS, SS, Item, L, N, S, Value

VALUES: dict[str, Value] = {":s": S("abcd"), ":n": N(12), ":l": L(S("x")), ":ss": SS("a", "bb"), ":ns": NS(1)}
ITEM: Item = {"held": SS("a", "z"), "n": N(5)}


@pytest.mark.parametrize(
    ("text", "charge"),
    [
        ("SET ab = :s", 3 + 19 + 2 + 4),
        ("SET ab = :s, c = :s", 3 + (19 + 2 + 4) + (19 + 1 + 4)),
        ("SET ab.cde = :s", 3 + 19 + 2 + (4 + 3) + 4),
        ("SET ab[12] = :s", 3 + 19 + 1 + 2 + (4 + 2) + 4),
        ("SET ab[1].c = :s", 3 + 19 + 2 + (4 + 1) + (4 + 1) + 4),
        ("SET a = bc", 3 + 19 + 1 + (1 + 14 + 2)),
        ("SET a = bc.d[3]", 3 + 19 + 1 + (1 + 14 + 2 + 14 + 1 + 14 + 1)),
        ("SET a = n + :n", 3 + 19 + 1 + 34 + (1 + 14 + 1) + 2),
        ("SET a = n - :n", 3 + 19 + 1 + 37 + (1 + 14 + 1) + 2),
        ("SET a = if_not_exists(a, :s)", 3 + 19 + 1 + 39 + (1 + 14 + 1) + 4),
        ("SET a = list_append(:l, :l)", 3 + 19 + 1 + 37 + 2 * (3 + 1 + 1)),
        ("ADD a :n", 3 + 19 + 1 + 2),
        ("ADD n :n", 3 + 19 + 1 + 2),
        ("ADD where1.b :ss", 3 + 19 + 6 + (4 + 1) + 3),
        ("ADD held :ss", 3 + 19 + 4 + 2),
        ("ADD held :ns", 3 + 19 + 4 + 2),
        ("REMOVE ab", 3 + 1 + 2),
        ("REMOVE ab.c, d", 3 + (1 + 2 + 4 + 1) + (1 + 1)),
        ("DELETE held :ss", 3 + 1 + 4),
        ("SET #name = :s", 3 + 19 + len("näme".encode()) + 4),
    ],
)
def test_the_charge_of_an_update(text: str, charge: int) -> None:
    compiled = update(text, VALUES, {"#name": "näme"})
    assert compiled.charge(encoded(ITEM)) == charge


def test_without_an_item_every_member_of_an_added_set_is_charged() -> None:
    assert update("ADD held :ss", VALUES).charge(None) == 3 + 19 + 4 + 3
