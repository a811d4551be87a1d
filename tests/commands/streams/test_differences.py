"""What changed between two images."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.commands.streams.differences import Difference, differences

A, B, ONE, TWO = {"S": "a"}, {"S": "b"}, {"N": "1"}, {"N": "2"}


def listed(*texts: str) -> dict[str, Any]:
    return {"L": [{"S": text} for text in texts]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"x": A}, {"x": A}, []),
        ({"x": A}, {"x": B}, [("x", A, B)]),
        ({"x": ONE}, {"x": {"S": "1"}}, [("x", ONE, {"S": "1"})]),
        ({}, {"x": A}, [("x", None, A)]),
        ({"x": A}, {}, [("x", A, None)]),
        ({"m": {"M": {"x": A, "y": B}}}, {"m": {"M": {"x": B, "y": B}}}, [("m.x", A, B)]),
        ({"m": {"M": {"a.b": A}}}, {"m": {"M": {}}}, [('m."a.b"', A, None)]),
        ({"m": {"M": {}}}, {"m": {"L": []}}, [("m", {"M": {}}, {"L": []})]),
        ({"l": listed("b", "c")}, {"l": listed("a", "b", "c")}, [("l[0]", None, A)]),
        ({"l": listed("a", "b", "c")}, {"l": listed("b", "c")}, [("l[0]", A, None)]),
        ({"l": listed("a", "c")}, {"l": listed("b", "c")}, [("l[0]", A, B)]),
        ({"l": {"L": [{"M": {"x": ONE}}]}}, {"l": {"L": [{"M": {"x": TWO}}]}}, [("l[0].x", ONE, TWO)]),
    ],
)
def test_only_what_changed_is_told(old: dict[str, Any], new: dict[str, Any], expected: list[Any]) -> None:
    assert [(found.path, found.before, found.after) for found in differences(old, new)] == expected


def test_a_set_tells_the_members_that_came_and_left() -> None:
    found = list(differences({"s": {"SS": ["a", "b"]}}, {"s": {"SS": ["c", "b"]}}))
    assert found == [Difference("s", {"SS": ["a"]}, {"SS": ["c"]}, True)]


def test_the_order_of_a_set_is_no_difference() -> None:
    assert list(differences({"s": {"NS": ["1", "2"]}}, {"s": {"NS": ["2", "1"]}})) == []


def test_very_long_lists_are_compared_by_place() -> None:
    many = [str(number) for number in range(1_500)]
    found = list(differences({"l": listed(*many)}, {"l": listed("new", *many)}))
    assert len(found) == 1_501
    assert found[-1] == Difference("l[1500]", None, {"S": "1499"})


values = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text(max_size=3)),
        st.builds(lambda number: {"N": str(number)}, st.integers(-3, 3)),
        st.builds(lambda members: {"SS": members}, st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=4)),
        st.builds(lambda members: {"M": members}, st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)),
    ),
    max_leaves=8,
)
images = st.dictionaries(st.sampled_from("pqr"), values, max_size=3)


def without_order_of_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: frozenset(member) if name == "SS" else without_order_of_sets(member) for name, member in value.items()
        }
    return [without_order_of_sets(member) for member in value] if isinstance(value, list) else value


@given(images, images)
def test_there_are_differences_exactly_where_images_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Says nothing of whether the paths are the shortest."""
    differ = without_order_of_sets(old) != without_order_of_sets(new)
    assert bool(list(differences(old, new))) is differ
