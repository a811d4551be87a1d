"""A form takes what the model would take unchanged, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine._core import (
    AttributeValue,
    Flag,
    Form,
    JsonTypeFault,
    Lengths,
    ListOf,
    MapOf,
    Members,
    Number,
    Text,
    check_item,
    check_value,
)
from tests.strategies import wire_items, wire_values

SCALARS: list[Any] = [None, True, False, 0, 1, -1, 2**31, 10**400, 1.5, float("inf"), "", "x", "true", b"", (), [], {}]
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["S", "N", "B", "M", "L", "SS", "x"]), inner)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("form", "kinds"), [(Form(), ()), (Text(), (str,)), (Flag(), (bool,)), (Number(), (int, float))]
)
def test_a_form_of_a_scalar_takes_its_own_type_only(form: Form, kinds: tuple[type, ...]) -> None:
    for value in SCALARS:
        assert form.fits(value) == (type(value) in kinds), value


@pytest.mark.parametrize("bits", [1, 32, 63, 64])
def test_a_whole_number_fits_up_to_its_bits(bits: int) -> None:
    form = Number(bits)
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    assert form.fits(least)
    assert form.fits(most)
    assert not form.fits(least - 1)
    assert not form.fits(most + 1)
    assert not form.fits(0.0)
    assert not form.fits(False)


@pytest.mark.parametrize("bits", [-1, 65])
def test_no_number_of_the_service_has_other_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="bits"):
        Number(bits)


def unchanged(check: Any, value: Any) -> bool:
    try:
        return isinstance(value, dict) and check(value) is value
    except JsonTypeFault:
        return False


@given(st.one_of(json_values, wire_values))
def test_an_attribute_value_fits_when_it_is_checked_without_a_change(value: Any) -> None:
    before = copy.deepcopy(value)
    assert AttributeValue().fits(value) == unchanged(check_value, value)
    assert repr(value) == repr(before)


@given(st.one_of(json_values, wire_items))
def test_an_item_fits_when_it_is_checked_without_a_change(value: Any) -> None:
    assert MapOf(AttributeValue()).fits(value) == unchanged(check_item, value)


def test_lists_and_maps_fit_when_all_they_hold_does() -> None:
    assert ListOf(Text()).fits([])
    assert ListOf(Text()).fits(["a", "b"])
    assert not ListOf(Text()).fits(["a", None])
    assert not ListOf(Text()).fits(("a",))
    assert not ListOf(Text()).fits({})
    assert MapOf(ListOf(Text())).fits({"x": [], "y": ["a"]})
    assert not MapOf(ListOf(Text())).fits({"x": [], "y": "a"})
    assert not MapOf(Text()).fits([])


MEMBERS = Members({"A": Text(), "B": Number(32)}, {"A": "good".__eq__}, ("A",))


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({"A": "good"}, True),
        ({"A": "good", "B": 1}, True),
        ({"A": "bad"}, False),
        ({"B": 1}, False),
        ({"A": "good", "B": "1"}, False),
        ({"A": "good", "B": None}, False),
        ({"A": "good", "C": 1}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_members_fit_when_each_is_known_and_holds_and_none_is_missing(value: Any, fits: bool) -> None:
    assert MEMBERS.fits(value) is fits


def test_what_a_predicate_raises_is_raised() -> None:
    def fails(value: object) -> bool:
        raise LookupError(value)

    with pytest.raises(LookupError):
        Members({"A": Text()}, {"A": fails}).fits({"A": ""})


def test_forms_are_made_of_forms_only() -> None:
    makers: tuple[Any, ...] = (ListOf, MapOf, lambda form: Members({"A": form}))
    for make in makers:
        with pytest.raises(TypeError):
            make(None)
        with pytest.raises(TypeError):
            make(str)


@pytest.mark.parametrize(("least", "most"), [(0, None), (1, None), (0, 2), (1, 2), (2, 2), (3, 2)])
def test_a_length_is_within_its_bounds(least: int, most: int | None) -> None:
    lengths = Lengths(least, most)
    assert (lengths.least, lengths.most) == (least, most)
    for value in ("", "a", "ab", "abc", [], [1, 2], {"x": 1}):
        assert lengths(value) == (len(value) >= least and (most is None or len(value) <= most))


def test_only_a_length_is_measured() -> None:
    with pytest.raises(ValueError, match="negative"):
        Lengths(-1)
    with pytest.raises(TypeError):
        Lengths(0, 1)(5)  # type: ignore[arg-type]
