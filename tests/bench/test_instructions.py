"""Nothing that is asked often takes more instructions than it did, counted by valgrind: about half a minute."""

from __future__ import annotations

import pytest

from bench import instructions
from tests.prerequisites import program


def test_no_call_takes_many_more_instructions_than_before() -> None:
    program("valgrind")
    expected = instructions.reference()
    if expected is None:
        pytest.skip(f"bench/instructions.json has no counts for Python {instructions.version()}")
    departures = instructions.departures(instructions.count_instructions(), expected)
    assert not departures, "if this is meant to be so: python -m bench.instructions --update"


def test_a_departure_is_told_with_both_figures() -> None:
    found = instructions.departures({"a": 100, "b": 130, "c": 1}, {"a": 105, "b": 100, "d": 1})
    assert found == {
        "b": "100 before, 130 now (+30%)",
        "c": "in only one of both",
        "d": "in only one of both",
    }
