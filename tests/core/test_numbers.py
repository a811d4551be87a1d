"""Numbers: spellings, range, precision, order, cost and exact sums (FACTS 2.1, 2.6, 5.7)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ddbengine._core import (
    ValueFault,
    add_numbers,
    compare,
    encode_value,
    key_bytes,
    number_from_text,
    number_size,
    number_to_text,
)
from tests.core import model
from tests.strategies import number_texts

LARGEST = "9" * 38 + "e88"


def fault_of(text: str) -> str:
    with pytest.raises(ValueFault) as caught:
        number_from_text(text)
    assert caught.value.detail == text
    return caught.value.kind


def encoded(text: str) -> bytes:
    return encode_value({"N": text})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.e5", "100000"),
        ("1.5E2", "150"),
        ("1e5", "100000"),
        ("1e+5", "100000"),
        ("-.5", "-0.5"),
        ("00042", "42"),
        ("1.0", "1"),
        ("3.1400", "3.14"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("+0", "0"),
        ("0042.1200", "42.12"),
        ("1E125", "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("0.1e126", "1" + "0" * 125),
        ("10e-131", "0." + "0" * 129 + "1"),
        ("0e125", "0"),
        ("0e-130", "0"),
        ("0.0e126", "0"),
        ("1e" + "0" * 30 + "5", "100000"),
        ("1" * 38 + "0" * 50, "1" * 38 + "0" * 50),
        ("0" * 500 + "1" + "." + "0" * 500, "1"),
    ],
)
def test_every_accepted_spelling_is_read_back_as_plain_decimal(sent: str, read: str) -> None:
    assert number_to_text(number_from_text(sent)) == read


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "", " 1", "1 ", "1 2", "1.2.3", "1+2", "+e2", "1e", "0x10", "NaN", "Infinity", "-Infinity"),
        *("+", "-", ".", "-.", ".e5", "e5", "+-5", "--5", "1e+", "1e-", "1e5.0", "1ee5", "1e 5", "1_000", "1,5", "5\0"),
        *("\u0665", "5\u00a0", "1e\u0665", "\ud800"),
        *("1e9223372036854775808", "1e-9223372036854775809", "0e" + "9" * 40),
    ],
)
def test_what_is_not_numeric_is_refused_as_sent(text: str) -> None:
    assert fault_of(text) == "number_format"


@pytest.mark.parametrize(
    "text",
    [
        *("1e126", "-1e126", "11e125", "0e126", "1e2147483647", "1e99999999999", "1e9223372036854775807"),
        *("1" + "0" * 126, "0.0e127", "-" + "9" * 127, "0e9223372036854775807"),
    ],
)
def test_magnitudes_above_the_range_overflow(text: str) -> None:
    assert fault_of(text) == "number_overflow"


@pytest.mark.parametrize(
    "text",
    [
        *("1e-131", "-1e-131", "0.9e-130", "0e-131", "1e-99999999999", "1e-9223372036854775808"),
        *("." + "0" * 130 + "1", "0.0e-130"),
    ],
)
def test_magnitudes_below_the_range_underflow(text: str) -> None:
    assert fault_of(text) == "number_underflow"


@pytest.mark.parametrize("text", ["1" * 39, "1." + "0" * 37 + "1", "-" + "9" * 39 + "e-20", "1" + "0" * 37 + "1e50"])
def test_more_than_38_significant_digits_are_refused(text: str) -> None:
    assert fault_of(text) == "number_precision"


def test_range_is_judged_before_precision() -> None:
    assert fault_of("1" * 127) == "number_overflow"
    assert fault_of("." + "0" * 130 + "1" * 39) == "number_underflow"


@given(number_texts())
def test_text_is_read_back_exactly(text: str) -> None:
    assert number_to_text(number_from_text(text)) == model.canonical_number(text)


@given(number_texts())
def test_number_bytes_are_the_services(text: str) -> None:
    assert number_from_text(text) == model.number_bytes(text)


@given(st.text("0123456789.eE+- x", max_size=14))
def test_any_text_is_a_number_or_a_fault_of_it(text: str) -> None:
    try:
        number = number_from_text(text)
    except ValueFault:
        assert fault_of(text).startswith("number_")
    else:
        assert number_to_text(number) == model.canonical_number(text)


@given(number_texts(), number_texts())
@example("0", "1e-130")
@example("0", "-1e-130")
@example("-1", "-1.5")
@example("-" + "1" * 38, "-" + "1" * 37)
def test_byte_order_is_numeric_order(a: str, b: str) -> None:
    x, y = Decimal(a), Decimal(b)
    order = (x > y) - (x < y)
    left, right = number_from_text(a), number_from_text(b)
    assert (left > right) - (left < right) == order
    assert compare(encoded(a), encoded(b)) == order


COSTS = {
    "0": 1, "-0": 1, "1": 2, "12": 2, "123": 3, "1234": 3, "123456": 4, "100": 2, "1010": 3, "0042": 2, "-42": 3,
    "9" * 38: 20, "1.5": 3, "15": 2, "1.2": 3, "1.200": 3, "1.234": 4, "3.14159": 5, "100.5": 4, "0.15": 2,
    "0.0000001": 2, "1E125": 2, "1E-100": 2,
}  # fmt: skip


@pytest.mark.parametrize(("text", "cost"), COSTS.items())
def test_the_cost_of_a_number_is_the_one_captured_from_the_service(text: str, cost: int) -> None:
    assert number_size(number_from_text(text)) == cost


@given(number_texts())
def test_the_cost_of_a_number_follows_the_rule(text: str) -> None:
    assert number_size(number_from_text(text)) == model.number_size(text)


def sum_of(a: str, b: str, subtract: bool = False) -> str:
    return number_to_text(key_bytes(add_numbers(encoded(a), encoded(b), subtract)))


@given(number_texts() | number_texts(-20, 20), number_texts() | number_texts(-20, 20), st.booleans())
def test_sums_are_exact_or_refused(a: str, b: str, subtract: bool) -> None:
    left, right = Decimal(a), Decimal(b)
    exact = model.EXACT.subtract(left, right) if subtract else model.EXACT.add(left, right)
    digits = len(exact.normalize(model.EXACT).as_tuple().digits)
    if exact and exact.adjusted() < -130:
        expected = "number_underflow"
    elif exact and (exact.adjusted() > 125 or digits > 38):
        expected = "number_overflow"
    else:
        assert sum_of(a, b, subtract) == model.canonical_number(str(exact))
        assert add_numbers(encoded(a), encoded(b), subtract) == encoded(model.canonical_number(str(exact)))
        return
    with pytest.raises(ValueFault) as caught:
        add_numbers(encoded(a), encoded(b), subtract)
    assert caught.value.kind == expected
    assert Decimal(caught.value.detail) == exact


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        ("1", "1", "2"),
        ("1", "-1", "0"),
        ("0", "0", "0"),
        ("99", "1", "100"),
        ("-99", "-1", "-100"),
        ("1e22", "-1", "9" * 22),
        ("-1e22", "1", "-" + "9" * 22),
        ("9e125", "9e124", "99" + "0" * 124),
        ("1e-130", "-1e-130", "0"),
        (LARGEST, "0", "9" * 38 + "0" * 88),
    ],
)
def test_sums_carry_and_borrow(a: str, b: str, total: str) -> None:
    assert sum_of(a, b) == sum_of(b, a) == total


def test_a_sum_out_of_range_overflows() -> None:
    with pytest.raises(ValueFault) as caught:
        add_numbers(encoded("9e125"), encoded("9e125"))
    assert caught.value.kind == "number_overflow"


def test_a_sum_that_needs_more_than_38_digits_overflows_as_the_service_words_it() -> None:
    for a, b in (("1e50", "1"), ("1e125", "1e-130"), ("9" * 38, "0.1")):
        for subtract in (False, True):
            with pytest.raises(ValueFault) as caught:
                add_numbers(encoded(a), encoded(b), subtract)
            assert caught.value.kind == "number_overflow"
