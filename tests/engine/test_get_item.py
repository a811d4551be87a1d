"""GetItem: FACTS 5.2, projections of FACTS 4.5."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import B, Item, L, M, N, S, Value

MISMATCH = "The provided key element does not match the schema"

VALUES: dict[str, list[Value]] = {
    "S": [S("a"), S("b"), S("häß"), S("\x00"), S("a\x00b")],
    "N": [N(0), N(-1), N("1e125"), N("0.5")],
    "B": [B(b"\x00"), B(b"\xff\xff"), B(b"ab")],
}


@pytest.mark.parametrize("partition", ["S", "N", "B"])
@pytest.mark.parametrize("sort", [None, "S", "N", "B"])
def test_items_are_found_by_keys_of_every_type(engine: Calls, partition: str, sort: str | None) -> None:
    table = engine.create(tables.table(partition=partition, sort=sort))
    keys: list[Item] = [{"pk": value} for value in VALUES[partition]]
    if sort is not None:
        keys = [{**key, "sk": value} for key in keys for value in VALUES[sort]]
    for position, key in enumerate(keys):
        engine.put(table, {**key, "position": N(position)})
    for position, key in enumerate(keys):
        found = engine.get(table, **key)
        assert found is not None
        assert found["position"] == N(position)


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(tables.table(sort="N"))
    engine.put(
        name, {"pk": S("a"), "sk": N(5), "x": S("1"), "y": S("2"), "m": M(a=S("3"), b=S("4")), "l": L(N(0), N(1), N(2))}
    )
    return name


def get(engine: Calls, table: str, **members: Any) -> dict[str, Any]:
    return engine.call("GetItem", TableName=table, Key={"pk": S("a"), "sk": N(5)}, **members)


def test_a_missing_item_has_no_item_member(engine: Calls, table: str) -> None:
    assert engine.call("GetItem", TableName=table, Key={"pk": S("a"), "sk": N(6)}) == {}


def test_numbers_that_are_equal_are_one_key(engine: Calls, table: str) -> None:
    for spelling in ("5", "+5", "5.0", "05", "0.5e1"):
        assert engine.get(table, pk=S("a"), sk=N(spelling)) is not None


def test_projection_keeps_named_paths_and_adds_no_key(engine: Calls, table: str) -> None:
    answer = get(engine, table, ProjectionExpression="x, m.b")
    assert answer == {"Item": {"x": S("1"), "m": M(b=S("4"))}}


def test_projected_list_elements_close_up_in_list_order(engine: Calls, table: str) -> None:
    assert get(engine, table, ProjectionExpression="l[2], l[0]") == {"Item": {"l": L(N(0), N(2))}}


def test_projection_resolves_names(engine: Calls, table: str) -> None:
    answer = get(engine, table, ProjectionExpression="#a.#b", ExpressionAttributeNames={"#a": "m", "#b": "a"})
    assert answer == {"Item": {"m": M(a=S("3"))}}


def test_projection_that_matches_nothing_gives_an_empty_item(engine: Calls, table: str) -> None:
    assert get(engine, table, ProjectionExpression="nothing") == {"Item": {}}
    missing = engine.call("GetItem", TableName=table, Key={"pk": S("b"), "sk": N(5)}, ProjectionExpression="x")
    assert missing == {}


def test_legacy_attributes_to_get_keeps_whole_attributes(engine: Calls, table: str) -> None:
    assert get(engine, table, AttributesToGet=["y", "x"]) == {"Item": {"x": S("1"), "y": S("2")}}


def test_legacy_attributes_to_get_refuses_repeats(engine: Calls, table: str) -> None:
    message = engine.invalid("GetItem", TableName=table, Key={"pk": S("a"), "sk": N(5)}, AttributesToGet=["x", "x"])
    assert message == "One or more parameter values were invalid: Duplicate value in attribute name: x"


def test_overlapping_paths_are_refused_before_any_read(engine: Calls, table: str) -> None:
    message = engine.invalid("GetItem", TableName=table, Key={"pk": S("b"), "sk": N(5)}, ProjectionExpression="m, m.a")
    assert message == (
        "Invalid ProjectionExpression: Two document paths overlap with each other; "
        "must remove or rewrite one of these paths; path one: [m], path two: [m, a]"
    )


def test_mixing_is_refused_bare(engine: Calls, table: str) -> None:
    message = engine.invalid(
        "GetItem", TableName=table, Key={"pk": S("a")}, AttributesToGet=["x"], ProjectionExpression="y"
    )
    assert message == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
    )


def test_names_without_projection_are_refused_bare(engine: Calls, table: str) -> None:
    message = engine.invalid(
        "GetItem", TableName=table, Key={"pk": S("a"), "sk": N(5)}, ExpressionAttributeNames={"#a": "a"}
    )
    assert message == "ExpressionAttributeNames can only be specified when using expressions"


@pytest.mark.parametrize(
    "key",
    [
        {"pk": S("a")},
        {"sk": N(5)},
        {"pk": S("a"), "sk": N(5), "x": S("1")},
        {"pk": S("a"), "other": N(5)},
        {"pk": N(1), "sk": N(5)},
        {"pk": S("a"), "sk": S("5")},
        {"pk": {"BOOL": True}, "sk": N(5)},
        {},
    ],
)
def test_a_key_that_does_not_fit_the_schema_is_refused(engine: Calls, table: str, key: Item) -> None:
    assert engine.invalid("GetItem", TableName=table, Key=key) == MISMATCH


def test_a_bad_key_value_is_refused_bare_before_the_table_lookup(engine: Calls) -> None:
    message = engine.invalid("GetItem", TableName="missing", Key={"pk": N("1e126")})
    assert message == "Number overflow. Attempting to store a number with magnitude larger than supported range"


def test_a_missing_table_is_not_found(engine: Calls) -> None:
    refusal = engine.refusal("GetItem", TableName="missing", Key={"pk": S("a")})
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")


def test_the_table_may_be_named_by_its_arn(engine: Calls, table: str) -> None:
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    assert get(engine, arn, ProjectionExpression="x") == {"Item": {"x": S("1")}}


def test_a_projection_may_not_go_below_a_key_attribute(engine: Calls, table: str) -> None:
    message = engine.invalid("GetItem", TableName=table, Key={"pk": S("a"), "sk": N(5)}, ProjectionExpression="sk[0]")
    assert message == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk"
    )
