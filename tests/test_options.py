"""The options that every door has: numbers within bounds, read from text or given as they are."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ddbengine
from ddbengine.api.server import Options
from ddbengine.options import CHOICES, NUMBERS, Number, check

DECLARED = [*NUMBERS, *CHOICES]


@pytest.mark.parametrize("name", DECLARED)
def test_every_declared_option_is_one_of_open(name: str) -> None:
    parameter = inspect.signature(ddbengine.open).parameters[name]
    if name in NUMBERS:
        assert parameter.default == NUMBERS[name].default
    else:
        assert parameter.default in (*CHOICES[name], None)


@pytest.mark.parametrize("name", [name for name in DECLARED if name != "transient_seconds"])
def test_the_server_and_a_program_have_the_same_defaults(name: str) -> None:
    assert getattr(Options(), name) == inspect.signature(ddbengine.open).parameters[name].default


@given(st.integers(-5, 50))
def test_a_whole_number_is_read_from_text_as_it_is_given(value: int) -> None:
    number = Number(0, 40, "things", is_whole=True)
    if number.takes(value):
        assert number.of(str(value)) == value
        assert isinstance(number.of(str(value)), int)
    else:
        with pytest.raises(ValueError, match=f"a whole number of things from 0 to 40, not '{value}'"):
            number.of(str(value))


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-inf", "1e999", "٣", "0.5 s"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number from 0 to 40, not"):
        Number(0, 40).of(text)


def test_an_option_is_none_only_if_that_means_something() -> None:
    for name in DECLARED:
        if name == "partitions" or inspect.signature(ddbengine.open).parameters[name].default is None:
            check({name: None})
        else:
            with pytest.raises(ValueError, match=f"{name} is .*, not None"):
                check({name: None})


def test_an_unknown_option_is_left_alone() -> None:
    check({"path": 7})
