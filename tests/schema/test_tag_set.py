"""Which tags a resource may have."""

from __future__ import annotations

import pytest

from ddbengine.errors import ValidationException
from ddbengine.schema.tag_set import checked_tags


def tag(key: str, value: str = "v") -> dict[str, str]:
    return {"Key": key, "Value": value}


def test_tags_are_kept_in_the_order_given() -> None:
    assert list(checked_tags([tag("b", "2"), tag("a", "1")]).items()) == [("b", "2"), ("a", "1")]


def test_letters_of_any_script_and_some_punctuation_are_accepted() -> None:
    text = "Größe 値 +-=._:/@ 9"
    assert checked_tags([tag(text, text)]) == {text: text}


def test_a_value_may_be_empty() -> None:
    assert checked_tags([tag("k", "")]) == {"k": ""}


def test_fifty_tags_are_accepted() -> None:
    assert len(checked_tags(tag(str(n)) for n in range(50))) == 50


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([tag("")], "The Tag Key provided is invalid, Key: "),
        ([{}], "The Tag Key provided is invalid, Key: null"),
        ([{"Value": "v"}], "The Tag Key provided is invalid, Key: null"),
        ([{"Key": "k"}], "The Tag Value provided is invalid, Value: null"),
        ([tag("a#b")], "The Tag Key provided is invalid, Key: a#b"),
        ([tag("k" * 129)], "The Tag Key provided is invalid, Key: " + "k" * 129),
        ([tag("a", "v!")], "The Tag Value provided is invalid, Value: v!"),
        ([tag("a", "v" * 257)], "The Tag Value provided is invalid, Value: " + "v" * 257),
        ([tag("aws:foo")], "Tag Key cannot be prefixed with aws:, Key: aws:foo"),
        ([tag("a"), tag("a")], "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"),
        ([tag(str(n)) for n in range(51)], "Number of Tags exceed the current limit for the provided ResourceArn"),
    ],
)
def test_a_bad_tag_is_named(tags: list[dict[str, str]], message: str) -> None:
    with pytest.raises(ValidationException) as refused:
        checked_tags(tags)
    assert refused.value.message == message
