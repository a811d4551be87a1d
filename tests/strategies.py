"""Hypothesis strategies for what clients send: numbers, names, attribute values, items and keys in wire form."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Wire = dict[str, Any]
"""One attribute value as JSON has it: ``{"S": "x"}``."""

texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.text("a\x00é\uffff\U00010000", max_size=6)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10) | st.sampled_from(["a", "b", "c", "pk", "naïve"])
blobs = st.binary(max_size=40) | st.binary(min_size=250, max_size=260)
base64_texts = blobs.map(lambda raw: base64.b64encode(raw).decode())


@st.composite
def number_texts(draw: st.DrawFn, least: int = -130, most: int = 125) -> str:
    """A decimal the service accepts, in any of its spellings; its magnitude 10**e has least <= e <= most."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38)).strip("0")
    sign = draw(st.sampled_from(["", "-", "+"]))
    if not digits:
        return sign + draw(st.sampled_from(["0", "0.0", ".0", "000", "0e5", "0E-5"]))
    magnitude = draw(st.integers(least, most) | st.integers(max(least, -3), min(most, 3)))
    zeros = "0" * draw(st.integers(0, 3))
    if draw(st.booleans()):
        return sign + zeros + plain_text(digits, magnitude)
    point = draw(st.integers(0, len(digits)))
    exponent = magnitude + 1 - point
    return f"{sign}{zeros}{digits[:point]}.{digits[point:]}{zeros}{draw(st.sampled_from('eE'))}{exponent:+d}"


def plain_text(digits: str, magnitude: int) -> str:
    """Digits written without exponent, the first one counting 10**magnitude."""
    if magnitude < 0:
        return "." + "0" * (-1 - magnitude) + digits
    padded = digits.ljust(magnitude + 1, "0")
    return f"{padded[: magnitude + 1]}.{padded[magnitude + 1 :]}".rstrip(".")


strings = texts.map(lambda text: {"S": text})
numbers = number_texts().map(lambda text: {"N": text})
binaries = base64_texts.map(lambda text: {"B": text})
key_values = strings | numbers | binaries
"""Values that may be keys, empty ones included."""

constants = st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}])
string_sets = st.lists(texts, min_size=1, max_size=20, unique=True).map(lambda members: {"SS": members})
distinct_numbers = st.lists(number_texts(), min_size=1, max_size=20, unique_by=Decimal)
number_sets = distinct_numbers.map(lambda members: {"NS": members})
binary_sets = st.lists(base64_texts, min_size=1, max_size=20, unique=True).map(lambda members: {"BS": members})
sets: st.SearchStrategy[Wire] = string_sets | number_sets | binary_sets
scalars: st.SearchStrategy[Wire] = key_values | constants


def _containers(inner: st.SearchStrategy[Wire]) -> st.SearchStrategy[Wire]:
    lists = st.lists(inner, max_size=4)
    maps = st.dictionaries(names, inner, max_size=4)
    return lists.map(lambda elements: {"L": elements}) | maps.map(lambda entries: {"M": entries})


wire_values: st.SearchStrategy[Wire] = st.recursive(scalars | sets, _containers, max_leaves=5)
"""Any attribute value the service accepts."""

wire_items: st.SearchStrategy[dict[str, Wire]] = st.dictionaries(names, scalars | wire_values, max_size=6)
"""Any item the service accepts, but for the keys that a table demands."""

keys_of_type: dict[str, st.SearchStrategy[Wire]] = {"S": strings, "N": numbers, "B": binaries}
