"""BatchGetItem: FACTS 5.8."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import Item, N, S


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(tables.table(sort="N"))
    engine.put(name, *({"pk": S("a"), "sk": N(i), "x": S(f"x{i}"), "y": N(i)} for i in range(3)))
    return name


def keys(*numbers: int) -> list[Item]:
    return [{"pk": S("a"), "sk": N(number)} for number in numbers]


def batch(engine: Calls, request: dict[str, Any], **members: Any) -> dict[str, Any]:
    return engine.call("BatchGetItem", RequestItems=request, **members)


def test_items_of_several_tables_come_by_table(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    engine.put(other, {"pk": S("z")})
    answer = batch(engine, {table: {"Keys": keys(0, 2)}, other: {"Keys": [{"pk": S("z")}], "ConsistentRead": True}})
    found = sorted(answer["Responses"][table], key=lambda item: item["sk"]["N"])
    assert [item["x"] for item in found] == [S("x0"), S("x2")]
    assert answer["Responses"][other] == [{"pk": S("z")}]
    assert answer["UnprocessedKeys"] == {}


def test_missing_items_are_absent_and_every_table_has_an_entry(engine: Calls, table: str) -> None:
    assert batch(engine, {table: {"Keys": keys(7)}}) == {"Responses": {table: []}, "UnprocessedKeys": {}}


def test_projection_and_one_that_matches_nothing(engine: Calls, table: str) -> None:
    answer = batch(
        engine, {table: {"Keys": keys(1), "ProjectionExpression": "#x", "ExpressionAttributeNames": {"#x": "x"}}}
    )
    assert answer["Responses"] == {table: [{"x": S("x1")}]}
    assert batch(engine, {table: {"Keys": keys(1), "ProjectionExpression": "nothing"}})["Responses"] == {table: [{}]}


def test_attributes_to_get(engine: Calls, table: str) -> None:
    answer = batch(engine, {table: {"Keys": keys(1), "AttributesToGet": ["y"]}})
    assert answer["Responses"] == {table: [{"y": N(1)}]}


def test_two_kinds_of_projection_on_two_tables_are_refused(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other"))
    request = {
        table: {"Keys": keys(0), "ProjectionExpression": "x"},
        other: {"Keys": [{"pk": S("a")}], "AttributesToGet": ["x"]},
    }
    assert engine.invalid("BatchGetItem", RequestItems=request) is not None


@pytest.mark.parametrize("spelling", ["0", "0.0", "-0"])
def test_duplicate_keys_are_refused_however_spelled(engine: Calls, table: str, spelling: str) -> None:
    twice = [*keys(0), {"sk": N(spelling), "pk": S("a")}]
    message = engine.invalid("BatchGetItem", RequestItems={table: {"Keys": twice}})
    assert message == "Provided list of item keys contains duplicates"


def test_a_bad_value_before_a_duplicate_is_told_first(engine: Calls, table: str) -> None:
    bad = {"pk": S("a"), "sk": N("x")}
    first = engine.invalid("BatchGetItem", RequestItems={table: {"Keys": [bad, *keys(0, 0)]}})
    assert first == "The parameter cannot be converted to a numeric value: x"
    last = engine.invalid("BatchGetItem", RequestItems={table: {"Keys": [*keys(0, 0), bad]}})
    assert last == "Provided list of item keys contains duplicates"


def test_more_than_100_keys_over_several_tables_are_refused(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other", sort="N"))
    request = {table: {"Keys": keys(*range(60))}, other: {"Keys": keys(*range(41))}}
    message = engine.invalid("BatchGetItem", RequestItems=request)
    assert message == "Too many items requested for the BatchGetItem call"
    request[other]["Keys"].pop()
    assert len(batch(engine, request)["Responses"][table]) == 3


def test_a_missing_table_refuses_the_whole_request(engine: Calls, table: str) -> None:
    refusal = engine.refusal(
        "BatchGetItem", RequestItems={table: {"Keys": keys(0)}, "missing": {"Keys": [{"pk": S("a")}]}}
    )
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")


def test_a_key_that_does_not_fit_refuses_the_whole_request(engine: Calls, table: str) -> None:
    message = engine.invalid("BatchGetItem", RequestItems={table: {"Keys": [*keys(0), {"pk": S("a")}]}})
    assert message == "The provided key element does not match the schema"


def test_a_response_stops_at_16_megabytes_and_names_the_rest(engine: Calls) -> None:
    table = engine.create(tables.table())
    size = 300 * 1024
    for number in range(60):
        engine.put(table, {"pk": S(f"{number:02}"), "x": S("x" * (size - 5))})
    asked = {f"{number:02}" for number in range(60)}
    request: dict[str, Any] = {table: {"Keys": [{"pk": S(key)} for key in sorted(asked)], "ProjectionExpression": "pk"}}
    answer = batch(engine, request)
    got = {item["pk"]["S"] for item in answer["Responses"][table]}
    assert len(got) == 16 * 1024 * 1024 // size
    rest = answer["UnprocessedKeys"][table]
    assert rest["ProjectionExpression"] == "pk"
    assert {key["pk"]["S"] for key in rest["Keys"]} == asked - got
    again = batch(engine, answer["UnprocessedKeys"])
    assert {item["pk"]["S"] for item in again["Responses"][table]} == asked - got
    assert again["UnprocessedKeys"] == {}


def test_a_table_that_was_not_reached_is_unprocessed_as_a_whole(engine: Calls) -> None:
    full = engine.create(tables.table("full"))
    last = engine.create(tables.table("last"))
    for number in range(41):
        engine.put(full, {"pk": S(f"{number:02}"), "x": S("x" * (409_600 - 5))})
    engine.put(last, {"pk": S("a"), "x": S("x" * 400_000)})
    request = {full: {"Keys": [{"pk": S(f"{number:02}")} for number in range(41)]}, last: {"Keys": [{"pk": S("a")}]}}
    answer = batch(engine, request)
    assert len(answer["Responses"][full]) == 40
    assert answer["Responses"][last] == []
    assert answer["UnprocessedKeys"] == {full: {"Keys": [{"pk": S("40")}]}, last: request[last]}


def test_consumed_capacity_rounds_each_item_on_its_own(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "sk": N(9), "x": S("x" * 5000)})
    request = {table: {"Keys": keys(0, 1, 9, 77)}}
    answer = batch(engine, request, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 2.5}]
    request[table]["ConsistentRead"] = True  # type: ignore[assignment]
    answer = batch(engine, request, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 5, "Table": {"CapacityUnits": 5}}]


def test_a_key_under_two_names_of_a_table_is_a_duplicate(engine: Calls, table: str) -> None:
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    engine.put(table, *keys(0, 1))
    apart = engine.call("BatchGetItem", RequestItems={table: {"Keys": keys(0)}, arn: {"Keys": keys(1)}})
    assert apart["Responses"] == {table: keys(0), arn: keys(1)}
    both = {table: {"Keys": keys(0)}, arn: {"Keys": keys(1, 0)}}
    assert engine.invalid("BatchGetItem", RequestItems=both) == "Provided list of item keys contains duplicates"
