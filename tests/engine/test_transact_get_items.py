"""TransactGetItems: FACTS 5.8."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.api.requests import check
from tests import tables
from tests.engine.calls import CALLER, Calls, Refusal
from tests.engine.transacting import NONE, Action, get, invalid, read, reasons
from tests.wire import Item, L, M, N, S

A: Item = {"pk": S("a")}
TWICE = "Transaction request cannot include multiple operations on one item"
MISMATCH = "The provided key element does not match the schema"


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(global_=[tables.global_index("by-g", "g")]))


def refused(engine: Calls, *actions: Action, **members: Any) -> str | None:
    return engine.invalid("TransactGetItems", TransactItems=list(actions), **members)


def test_items_of_several_tables_are_read_in_the_order_asked_for(engine: Calls, table: str) -> None:
    other = engine.create(tables.table("other", sort="N"))
    engine.put(table, {**A, "x": S("1")})
    engine.put(other, {"pk": S("a"), "sk": N(2)})
    answer = read(engine, get(other, {"pk": S("a"), "sk": N("2.0")}), get(table, {"pk": S("missing")}), get(table, A))
    assert answer == {"Responses": [{"Item": {"pk": S("a"), "sk": N(2)}}, {}, {"Item": {**A, "x": S("1")}}]}


def test_a_projection_cuts_an_item_down_and_where_it_leaves_nothing_there_is_no_item(engine: Calls, table: str) -> None:
    engine.put(table, {**A, "m": M(x=S("1"), y=S("2")), "l": L(S("x"), S("y"))}, {"pk": S("b")})
    answer = read(
        engine,
        get(table, A, ProjectionExpression="#m.x, l[1]", ExpressionAttributeNames={"#m": "m"}),
        get(table, {"pk": S("b")}, ProjectionExpression="nowhere"),
        get(table, {"pk": S("c")}, ProjectionExpression="pk"),
    )
    assert answer["Responses"] == [{"Item": {"m": M(x=S("1")), "l": L(S("y"))}}, {}, {}]


def test_names_are_let_pass_where_there_is_no_projection(engine: Calls, table: str) -> None:
    engine.put(table, A)
    assert read(engine, get(table, A, ExpressionAttributeNames={"#n": "x"})) == {"Responses": [{"Item": A}]}


def test_a_hundred_items_are_read(engine: Calls, table: str) -> None:
    keys = [{"pk": S(str(number))} for number in range(100)]
    engine.put(table, *keys)
    assert read(engine, *(get(table, key) for key in keys))["Responses"] == [{"Item": key} for key in keys]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, MISMATCH),
        ({"pk": N(1)}, MISMATCH),
        ({"pk": S("a"), "x": S("1")}, MISMATCH),
        (
            {"pk": S("x" * 2049)},
            "One or more parameter values were invalid: "
            "Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
    ],
)
def test_a_key_that_does_not_fit_the_schema_cancels(engine: Calls, table: str, wrong: Item, message: str) -> None:
    found = reasons(engine, "TransactGetItems", get(table, A), get(table, wrong))
    assert found == [NONE, invalid(message)]


def test_an_empty_key_value_refuses_everything(engine: Calls, table: str) -> None:
    assert refused(engine, get(table, A), get(table, {"pk": S("")})) == (
        "One or more parameter values are not valid. "
        "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
    )


def test_the_same_item_twice_is_refused(engine: Calls, table: str) -> None:
    assert refused(engine, get(table, A), get(table, A)) == TWICE
    arn = engine.call("DescribeTable", TableName=table)["Table"]["TableArn"]
    assert refused(engine, get(table, A), get(arn, A, ProjectionExpression="pk"), get(table, {"pk": N(1)})) == TWICE


def test_a_missing_table_is_told_before_targets_and_keys(engine: Calls, table: str) -> None:
    missing = Refusal("ResourceNotFoundException", "Requested resource not found")
    actions = [get(table, A), get(table, A), get(table, {"pk": N(1)}), get("missing", A)]
    assert engine.refusal("TransactGetItems", TransactItems=actions) == missing


@pytest.mark.parametrize(
    ("key", "members", "message"),
    [
        (
            A,
            {"ProjectionExpression": "!!!"},
            'Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"',
        ),
        (
            A,
            {"ExpressionAttributeNames": {"#n": "x"}, "ProjectionExpression": "y"},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
        ),
        (
            {"pk": N("x")},
            {"ProjectionExpression": "a..b"},
            'Invalid ProjectionExpression: Syntax error; token: ".", near: "..b"',
        ),
        ({"pk": N("x")}, {}, "The parameter cannot be converted to a numeric value: x"),
        ({"": S("x")}, {"ProjectionExpression": "a..b"}, "Empty attribute name"),
    ],
)
def test_what_an_action_shows_by_itself_comes_before_tables(
    engine: Calls, table: str, key: Item, members: dict[str, Any], message: str
) -> None:
    assert refused(engine, get("missing", A), get(table, key, **members)) == message


@pytest.mark.parametrize(("path", "key"), [("pk.x", "Key: pk"), ("g[0]", "IndexKey: g")])
def test_paths_below_a_key_attribute_are_refused(engine: Calls, table: str, path: str, key: str) -> None:
    assert refused(engine, get(table, A, ProjectionExpression=path)) == (
        f"Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {key}"
    )


def test_more_than_4_megabytes_of_what_is_shown_are_refused(engine: Calls, table: str) -> None:
    keys = [{"pk": S(f"{number:03}")} for number in range(11)]
    for key in keys:
        engine.put(table, {**key, "x": S("x" * 399_994)})
    shown = [get(table, key) for key in keys]
    assert refused(engine, *shown) == "Payload in response is too large.4400000"
    assert len(read(engine, *shown[1:])["Responses"]) == 10
    shown[0] = get(table, keys[0], ProjectionExpression="pk")
    assert len(read(engine, *shown)["Responses"]) == 11


def test_all_items_come_from_one_snapshot(engine: Calls, table: str) -> None:
    """A write between two reads of one plan is not seen by the second."""
    engine.put(table, {**A, "n": N(1)}, {"pk": S("b"), "n": N(1)})
    request = {"TransactItems": [get(table, A), get(table, {"pk": S("b")})]}
    plan = engine.engine.prepare("TransactGetItems", check("TransactGetItems", request), CALLER)
    assert plan.consistent
    assert not plan.writes
    with engine.engine.store.snapshot() as txn:
        before = plan.run(txn).body
        engine.put(table, {**A, "n": N(2)})
        assert plan.run(txn).body == before
    with engine.engine.store.snapshot() as txn:
        assert plan.run(txn).body != before
