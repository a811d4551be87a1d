"""Vectors of 32-bit floats: from numbers, to numbers, and the nearest of them beside a plain model."""

from __future__ import annotations

import contextlib
import math
import random
import struct
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from tests.wire import B, L, M, N, S, Value

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=None, min_value=-1000, max_value=1000).map(
    lambda number: f"{round(number, 9):f}"
)
LARGEST_FLOAT = 3.4028234663852886e38


def single(number: float) -> float:
    """The float nearest to a double."""
    (rounded,) = struct.unpack("<f", struct.pack("<f", number))
    return float(rounded)


def packed(floats: Sequence[float]) -> bytes:
    """The vector of these very floats."""
    return _core.encode_value(B(struct.pack(f"<{len(floats)}f", *floats)))


def floats_of(value: Value) -> list[float]:
    return [single(float(element["N"])) for element in value["L"]]


# --- numbers to floats ------------------------------------------------------------------------------------------------


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_a_vector_holds_the_floats_nearest_to_its_numbers(numbers: list[str]) -> None:
    made = _core.vector_of(_core.encode_value(L(*map(N, numbers))), len(numbers))
    assert made == packed([single(float(number)) + 0.0 for number in numbers]), "a number has no negative zero"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("16777217", 16777216.0),
        ("1.000000059604644775390625", 1.0),
        ("3.4028235E38", LARGEST_FLOAT),
        ("-3.4028235E38", -LARGEST_FLOAT),
        ("1E-130", 0.0),
        ("-0", 0.0),
        ("12345678901234567890123456789012345678", single(12345678901234567890123456789012345678)),
        ("1E-40", single(1e-40)),
    ],
)
def test_numbers_beyond_the_precision_of_floats_are_rounded(number: str, expected: float) -> None:
    assert _core.vector_of(_core.encode_value(L(N(number))), 1) == packed([expected])


@pytest.mark.parametrize(
    "value",
    [
        S("no list"),
        N(1),
        M(a=N(1)),
        L(),
        L(N(1)),
        L(N(1), N(2), N(3)),
        L(N(1), S("2")),
        L(N(1), L(N(2))),
        L(N(1), N("3.5E38")),
        L(N(1), N("-1E125")),
    ],
)
def test_what_is_not_as_many_floats_has_no_vector(value: Value) -> None:
    assert _core.vector_of(_core.encode_value(value), 2) is None


def test_a_damaged_list_is_found() -> None:
    encoded = _core.encode_value(L(N(1), N(2)))
    with pytest.raises(_core.CorruptBytes):
        _core.vector_of(encoded[:-1], 2)


# --- floats to numbers ------------------------------------------------------------------------------------------------


@given(st.lists(FLOATS, max_size=10))
def test_a_vector_shown_as_numbers_is_the_same_vector(floats: list[float]) -> None:
    shown = orjson.loads(_core.vector_to_wire(packed(floats)))
    assert floats_of(shown) == floats


@given(FLOATS)
def test_a_float_is_shown_as_its_shortest_plain_decimal(number: float) -> None:
    text = orjson.loads(_core.vector_to_wire(packed([number])))["L"][0]["N"]
    assert set(text) <= set("0123456789.-")
    digits = len(Decimal(text).normalize().as_tuple().digits)
    assert digits <= 9
    if digits > 1:
        assert single(float(f"{number:.{digits - 2}e}")) != number, "one digit less is another float"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1.0"), (0.1, "0.1"), (-0.0, "0.0"), (-2.5, "-2.5"), (1e-40, f"0.{'0' * 39}1"), (1e3, "1000.0")],
)
def test_numbers_as_they_are_shown(number: float, text: str) -> None:
    assert orjson.loads(_core.vector_to_wire(packed([number]))) == L(N(text))


def test_some_elements_of_a_vector_are_shown() -> None:
    assert orjson.loads(_core.vector_to_wire(packed([1.0, 2.0, 3.0]), (0, 2, 7))) == L(N("1.0"), N("3.0"))


# --- the nearest ------------------------------------------------------------------------------------------------------


def model_score(function: str, a: Sequence[float], b: Sequence[float]) -> float:
    """The score in exact arithmetic but for the roots."""
    product = sum(Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True))
    if function == "DOT_PRODUCT":
        return float(product)
    if function == "EUCLIDEAN":
        return math.sqrt(sum((Fraction(x) - Fraction(y)) ** 2 for x, y in zip(a, b, strict=True)))
    squares = sum(Fraction(x) ** 2 for x in a), sum(Fraction(y) ** 2 for y in b)
    if 0 in squares:
        return 1.0
    return 1.0 - float(product) / (math.sqrt(squares[0]) * math.sqrt(squares[1]))


MODERATE = st.floats(width=32, min_value=-1000, max_value=1000).map(lambda x: x if abs(x) > 1e-6 else 0.0)


@given(
    st.sampled_from(["COSINE", "EUCLIDEAN", "DOT_PRODUCT"]),
    st.integers(1, 9).flatmap(
        lambda size: st.lists(st.lists(MODERATE, min_size=size, max_size=size), min_size=1, max_size=12)
    ),
    st.integers(1, 15),
)
def test_the_nearest_are_those_of_a_plain_model(function: str, vectors: list[list[float]], most: int) -> None:
    query, *others = vectors
    items = [_core.join_map({"v": packed(floats), "n": _core.encode_value(N(n))}) for n, floats in enumerate(others)]
    found, scanned = _core.nearest([(b"", item) for item in items], "v", packed(query), function, most)
    assert scanned == len(others)
    scores = [model_score(function, query, floats) for floats in others]
    ordered = sorted(scores, reverse=function == "DOT_PRODUCT")[:most]
    tolerance = 1e-6 * max(1.0, *map(abs, scores), 1.0)
    assert [score for score, _ in found] == pytest.approx(ordered, rel=1e-6, abs=tolerance)
    for score, item in found:
        assert score == pytest.approx(scores[items.index(item)], rel=1e-6, abs=tolerance)
        assert score == single(score), "a score is a float"


@given(st.lists(FLOATS, min_size=1, max_size=9))
def test_a_vector_is_no_distance_from_itself(floats: list[float]) -> None:
    entry = (b"", _core.join_map({"v": packed(floats)}))
    expected = {"EUCLIDEAN": 0.0, "COSINE": 0.0 if any(floats) else 1.0}
    for function, score in expected.items():
        assert _core.nearest([entry], "v", packed(floats), function, 1)[0][0][0] == score


@pytest.mark.parametrize(
    ("function", "floats", "expected"),
    [
        ("COSINE", [-1.0, 0.0], 2.0),
        ("COSINE", [0.0, 1.0], 1.0),
        ("COSINE", [0.0, 0.0], 1.0),
        ("EUCLIDEAN", [-LARGEST_FLOAT, -LARGEST_FLOAT], LARGEST_FLOAT),
        ("DOT_PRODUCT", [-LARGEST_FLOAT, 0.0], -LARGEST_FLOAT),
        ("DOT_PRODUCT", [0.0, 0.0], 0.0),
    ],
)
def test_scores_at_the_edges(function: str, floats: list[float], expected: float) -> None:
    query = packed([2.0, 0.0])
    (score, _), *_ = _core.nearest([(b"", _core.join_map({"v": packed(floats)}))], "v", query, function, 1)[0]
    assert score == expected
    assert math.copysign(1, score) == math.copysign(1, expected), "zero is positive"


def test_of_equal_ones_the_first_come_first() -> None:
    items = [_core.join_map({"v": packed([1.0]), "n": _core.encode_value(N(n))}) for n in range(10)]
    for function in ("COSINE", "EUCLIDEAN", "DOT_PRODUCT"):
        found, _ = _core.nearest([(b"", item) for item in items], "v", packed([3.0]), function, 4)
        assert [item for _, item in found] == items[:4]


def test_only_items_with_the_wanted_attributes_are_found() -> None:
    generator = random.Random(7)
    items = []
    for n in range(60):
        attributes = {"v": packed([generator.random()]), "n": _core.encode_value(N(n))}
        if n % 3:
            attributes["kind"] = _core.encode_value(S("ab"[n % 2]))
        items.append(_core.join_map(dict(sorted(attributes.items(), reverse=bool(n % 5)))))
    wanted = [("kind", _core.encode_value(S("a")))]
    found, scanned = _core.nearest([(b"", item) for item in items], "v", packed([0.5]), "EUCLIDEAN", 100, wanted)
    assert scanned == 60
    assert {items.index(item) for _, item in found} == {n for n in range(60) if n % 3 and n % 2 == 0}
    both = [*wanted, ("n", _core.encode_value(N("4.0")))]
    found, _ = _core.nearest([(b"", item) for item in items], "v", packed([0.5]), "EUCLIDEAN", 100, both)
    assert [items.index(item) for _, item in found] == [4]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"w": packed([1.0])},
        {"v": packed([1.0, 2.0])},
        {"v": _core.encode_value(N(1))},
    ],
)
def test_an_entry_without_such_a_vector_is_corrupt(attributes: dict[str, bytes]) -> None:
    with pytest.raises(_core.CorruptBytes):
        _core.nearest([(b"", _core.join_map(attributes))], "v", packed([1.0]), "COSINE", 1)


def test_no_more_is_asked_for_than_can_be_kept() -> None:
    for most in (0, 129):
        with pytest.raises(ValueError, match="too many"):
            _core.nearest([], "v", packed([1.0]), "COSINE", most)
    with pytest.raises(ValueError, match="distance function"):
        _core.nearest([], "v", packed([1.0]), "HAMMING", 1)


@pytest.mark.parametrize("damaged", [math.nan, math.inf, -math.inf])
def test_a_vector_with_what_is_no_number_is_corrupt(damaged: float) -> None:
    with pytest.raises(_core.CorruptBytes):
        _core.vector_to_wire(packed([1.0, damaged]))
    entry = _core.join_map({"v": packed([1.0, damaged])})
    with pytest.raises(_core.CorruptBytes):
        _core.nearest(iter([(b"key", entry)]), "v", packed([0.5, 1.0]), "COSINE", 1)


@given(st.binary(max_size=40))
def test_whatever_bytes_a_vector_has_become_it_is_shown_or_corrupt(content: bytes) -> None:
    with contextlib.suppress(_core.CorruptBytes):
        orjson.loads(_core.vector_to_wire(_core.encode_value(B(content))))
    with contextlib.suppress(_core.CorruptBytes):
        orjson.loads(_core.vector_to_wire(content))
    with contextlib.suppress(_core.CorruptBytes):
        (_, scanned) = _core.nearest(iter([(b"key", content)]), "v", packed([1.0]), "EUCLIDEAN", 1)
        assert scanned == 1
