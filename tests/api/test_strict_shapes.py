"""SearchVectors is read by a strict deserialiser, which has words of its own (FACTS 1.5)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ddbengine.api.requests import check
from ddbengine.errors import SerializationException, ValidationException

VALID = {"TableName": "table", "IndexName": "near", "SearchVector": [{"N": "1"}], "TopK": 1}


def without(*names: str, **members: Any) -> dict[str, Any]:
    return {name: value for name, value in {**VALID, **members}.items() if name not in names}


def test_a_valid_request_passes_as_it_is() -> None:
    assert check("SearchVectors", VALID) is VALID


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("TableName", None, "invalid type: null, expected a string"),
        ("IndexName", None, "invalid type: null, expected a string"),
        ("SearchVector", None, "invalid type: null, expected a sequence"),
        ("TopK", None, "invalid type: null, expected i32"),
        ("TopK", 3.5, "invalid type: floating point `3.5`, expected i32"),
        ("TopK", True, "invalid type: boolean `true`, expected i32"),
        ("TopK", "3", 'invalid type: string "3", expected i32'),
        ("TopK", 2**31, "invalid value: integer `2147483648`, expected i32"),
        ("IndexName", 5, "invalid type: integer `5`, expected a string"),
        ("SearchVector", {"L": []}, "invalid type: map, expected a sequence"),
        ("ExpressionAttributeNames", ["a"], "invalid type: sequence, expected a map"),
    ],
)
def test_a_member_of_another_type_is_refused_with_its_place(member: str, value: Any, problem: str) -> None:
    request = {**VALID, member: value}
    with pytest.raises(SerializationException) as refused:
        check("SearchVectors", request)
    text = orjson.dumps(request).decode()
    shown = orjson.dumps(value).decode()
    column = text.index(shown, text.index(f'"{member}":')) + len(shown)
    assert refused.value.message == f"{problem} at line 1 column {column}"


def test_an_optional_member_may_be_null() -> None:
    assert check("SearchVectors", {**VALID, "ProjectionExpression": None, "ReturnConsumedCapacity": None}) == VALID


@pytest.mark.parametrize(
    ("absent", "named"),
    [(("TableName",), "TableName"), (("TableName", "TopK"), "TableName"), (("TopK",), "TopK")],
)
def test_the_first_absent_member_is_named_before_any_constraint(absent: tuple[str, ...], named: str) -> None:
    request = without(*absent, IndexName="ab")
    with pytest.raises(ValidationException) as refused:
        check("SearchVectors", request)
    assert refused.value.message == f"missing field `{named}` at line 1 column {len(orjson.dumps(request))}"


def test_other_operations_are_read_as_ever() -> None:
    with pytest.raises(ValidationException, match="Member must not be null"):
        check("Query", {"TableName": None})


def test_columns_are_counted_in_members_that_are_nested_deeply() -> None:
    deep: Any = "é"
    for _ in range(500):
        deep = {"L": [deep, {}]}
    before = orjson.dumps(VALID | {"IndexName": 0}).decode().index('"IndexName":') + len('"IndexName":')
    deep_length = 500 * len('{"L":[,{}]}') + len('"é"')
    with pytest.raises(SerializationException) as refused:
        check("SearchVectors", {**VALID, "IndexName": deep})
    assert refused.value.message == f"invalid type: map, expected a string at line 1 column {before + deep_length}"
