"""Global indexes whose key has several partition and several sort attributes (FACTS 4.6, 5.9).

The check after each test compares every entry with its item.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.model import scalar
from tests.engine.transacting import invalid, put, reasons
from tests.engine.whole_check import check_database
from tests.wire import B, Item, M, N, S, Value, placeholders

MISMATCH = "One or more parameter values were invalid: Condition parameter type does not match schema type"


@pytest.fixture
def wide(engine: Calls) -> str:
    index = tables.global_index("wide", ["a", "b:N"], ["c", "d:N", "e:B"])
    name = engine.create(tables.table("wide", global_=[index]))
    number = 0
    for c in ("x", "y"):
        for d in (10, 9, -1):
            for e in (b"\x01", b"\x00"):
                item = {"pk": S(str(number)), "a": S("A"), "b": N(1), "c": S(c), "d": N(d), "e": B(e)}
                engine.put(name, item)
                number += 1
    engine.put(name, {"pk": S("other"), "a": S("A"), "b": N(2), "c": S("x"), "d": N(1), "e": B(b"1")})
    engine.put(name, {"pk": S("sparse"), "a": S("A"), "b": N(1), "c": S("x"), "d": N(1)})
    return name


def wide_query(engine: Calls, table: str, condition: str, **values: Item) -> list[tuple[str, int, str]]:
    items = engine.items(
        "Query", TableName=table, IndexName="wide", KeyConditionExpression="a = :a AND b = :b" + condition,
        ExpressionAttributeValues=placeholders(a=S("A"), b=N(1), **values), Limit=2,
    )  # fmt: skip
    return [(item["c"]["S"], int(item["d"]["N"]), item["e"]["B"]) for item in items]


def test_a_multi_attribute_index_sorts_by_its_range_attributes_in_schema_order(engine: Calls, wide: str) -> None:
    found = wide_query(engine, wide, "")
    assert found == [(c, d, e) for c in ("x", "y") for d in (-1, 9, 10) for e in ("AA==", "AQ==")]


def test_a_prefix_of_equalities_and_one_range(engine: Calls, wide: str) -> None:
    assert wide_query(engine, wide, " AND c = :c", c=S("y")) == [
        ("y", d, e) for d in (-1, 9, 10) for e in ("AA==", "AQ==")
    ]
    found = wide_query(engine, wide, " AND d > :d AND c = :c", c=S("y"), d=N(0))
    assert found == [("y", d, e) for d in (9, 10) for e in ("AA==", "AQ==")]
    assert wide_query(engine, wide, " AND c = :c AND d = :d AND e < :e", c=S("x"), d=N(9), e=B(b"\x01")) == [
        ("x", 9, "AA==")
    ]


def test_a_gap_or_an_early_range_is_refused(engine: Calls, wide: str) -> None:
    for condition, values in (
        (" AND e = :e AND c = :c", {"e": B(b"\x01"), "c": S("x")}),
        (" AND c = :c AND d > :d AND e = :e", {"e": B(b"\x01"), "c": S("x"), "d": N(1)}),
    ):
        with pytest.raises(Exception, match="must have equality conditions") as refused:
            wide_query(engine, wide, condition, **values)
        assert str(refused.value) == (
            "RANGE key attributes d must have equality conditions specified in the query "
            "because a condition is present on key attribute e"
        )


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("a = :a", "b"),
        ("a = :a AND c = :c", "b"),
        ("b = :b AND c = :c", "a"),
        ("c = :c", "a, b"),
        ("a = :a AND b > :b", "b"),
        ("a = :a AND b BETWEEN :b AND :b", "b"),
        ("begins_with(a, :a) AND b = :b", "a"),
        ("a < :a AND b < :b", "a, b"),
    ],
)
def test_every_partition_attribute_needs_equality(engine: Calls, wide: str, condition: str, named: str) -> None:
    values = {"a": S("A"), "b": N(1), "c": S("x")}
    message = engine.invalid(
        "Query", TableName=wide, IndexName="wide", KeyConditionExpression=condition,
        ExpressionAttributeValues=placeholders(**{name: values[name] for name in values if f":{name}" in condition}),
    )  # fmt: skip
    assert message == f"HASH key attributes {named} must have equality conditions specified in the query"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("a = :a AND b = :a", MISMATCH),
        ("a = :a AND b = :b AND c = :b", MISMATCH),
        ("a = :a AND b = :b AND begins_with(d, :a)", MISMATCH),
        ("a = :a AND b = :b AND f = :a", "Query condition missed key schema element: c"),
        (
            "a = :a AND b = :b AND c = :a AND d = :b AND e = :b AND f = :b",
            "The number of query conditions (6) exceeds the number of key attributes defined in the schema (5)",
        ),
    ],
)
def test_conditions_that_do_not_fit_the_key(engine: Calls, wide: str, condition: str, message: str) -> None:
    values = placeholders(a=S("A"), b=N(1)) if ":b" in condition else placeholders(a=S("A"))
    refused = engine.invalid(
        "Query", TableName=wide, IndexName="wide", KeyConditionExpression=condition, ExpressionAttributeValues=values
    )
    assert refused == message


def test_key_conditions_reach_every_attribute(engine: Calls, wide: str) -> None:
    equal = {"a": S("A"), "b": N(1), "c": S("x")}
    conditions: dict[str, Any] = {
        name: {"ComparisonOperator": "EQ", "AttributeValueList": [value]} for name, value in equal.items()
    }
    conditions["d"] = {"ComparisonOperator": "GE", "AttributeValueList": [N(9)]}
    request = {"TableName": wide, "IndexName": "wide", "KeyConditions": conditions}
    assert [item["d"] for item in engine.items("Query", **request)] == [N(9), N(9), N(10), N(10)]
    del conditions["c"]
    assert engine.invalid("Query", **request) == (
        "RANGE key attributes c must have equality conditions specified in the query "
        "because a condition is present on key attribute d"
    )
    del conditions["b"], conditions["d"]
    assert engine.invalid("Query", **request) == (
        "HASH key attributes b must have equality conditions specified in the query"
    )


@pytest.mark.parametrize("name", ["b", "d", "#d"])
def test_a_filter_may_not_name_an_attribute_of_the_index_key(engine: Calls, wide: str, name: str) -> None:
    request: dict[str, Any] = {
        "TableName": wide, "IndexName": "wide", "KeyConditionExpression": "a = :a AND b = :b",
        "FilterExpression": f"{name} = :b", "ExpressionAttributeValues": placeholders(a=S("A"), b=N(1)),
    }  # fmt: skip
    if name[0] == "#":
        request["ExpressionAttributeNames"] = {name: name[1:]}
    assert engine.invalid("Query", **request) == (
        "Filter Expression can only contain non-primary key attributes: "
        f"Primary key attribute: {name.removeprefix('#')}"
    )


def test_a_filter_may_name_the_key_of_the_table(engine: Calls, wide: str) -> None:
    found = engine.items(
        "Query", TableName=wide, IndexName="wide", KeyConditionExpression="a = :a AND b = :b",
        FilterExpression="pk = :p", ExpressionAttributeValues=placeholders(a=S("A"), b=N(1), p=S("3")),
    )  # fmt: skip
    assert [item["pk"] for item in found] == [S("3")]


def test_the_last_evaluated_key_of_a_multi_attribute_index(engine: Calls, wide: str) -> None:
    page = engine.call("Scan", TableName=wide, IndexName="wide", Limit=1)
    assert set(page["LastEvaluatedKey"]) == {"pk", "a", "b", "c", "d", "e"}
    assert len(engine.items("Scan", TableName=wide, IndexName="wide", Limit=3)) == 13


def test_sort_attributes_of_an_index_are_limited_together(engine: Calls, wide: str) -> None:
    index = tables.global_index("two", "g", ["c", "d"])
    table = engine.create(tables.table("two", global_=[index]))
    fitting = {"pk": S("a"), "g": S("g"), "c": S("c" * 600), "d": S("d" * 424)}
    engine.put(table, fitting)
    assert engine.invalid("PutItem", TableName=table, Item={**fitting, "d": S("d" * 425)}) == (
        "One or more parameter values were invalid: "
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    )


# --- start keys -----------------------------------------------------------------------------------------------------

START: Item = {"pk": S("0"), "a": S("A"), "b": N(1), "c": S("x"), "d": N(10), "e": B(b"\x01")}


@pytest.mark.parametrize("operation", ["Query", "Scan"])
@pytest.mark.parametrize(
    "start",
    [
        *({name: value for name, value in START.items() if name != missing} for missing in START),
        {**START, "f": S("more")},
        {**START, "b": S("1")},
        {**START, "e": S("AQ==")},
        {"pk": S("0")},
        {},
    ],
)
def test_a_start_key_has_every_attribute_of_both_keys(engine: Calls, wide: str, operation: str, start: Item) -> None:
    request: dict[str, Any] = {"TableName": wide, "IndexName": "wide", "ExclusiveStartKey": start}
    if operation == "Query":
        request |= {
            "KeyConditionExpression": "a = :a AND b = :b",
            "ExpressionAttributeValues": placeholders(a=S("A"), b=N(1)),
        }
    assert engine.invalid(operation, **request) == "The provided starting key is invalid"


def test_a_start_key_outside_of_what_is_queried_is_refused(engine: Calls, wide: str) -> None:
    def message(condition: str, start: Item, **values: Value) -> str | None:
        return engine.invalid(
            "Query", TableName=wide, IndexName="wide", KeyConditionExpression="a = :a AND b = :b" + condition,
            ExpressionAttributeValues=placeholders(a=S("A"), b=N(1), **values), ExclusiveStartKey=start,
        )  # fmt: skip

    outside = "The provided starting key is outside query boundaries based on provided conditions"
    assert message("", {**START, "b": N(2)}) == outside
    assert message("", {**START, "a": S("B")}) == outside
    predicate = "The provided starting key does not match the range key predicate"
    assert message(" AND c = :c", {**START, "c": S("y")}, c=S("x")) == predicate
    assert message(" AND c = :c AND d < :d", START, c=S("x"), d=N(10)) == predicate


# --- writes ---------------------------------------------------------------------------------------------------------

INVALID = "One or more parameter values were invalid: "
WHOLE: Item = {**START, "pk": S("new")}


@pytest.mark.parametrize(
    ("name", "value", "expected", "actual"), [("b", S("1"), "N", "S"), ("c", M(), "S", "M"), ("e", N(1), "B", "N")]
)
def test_a_value_of_a_wrong_type_is_refused_on_every_write(
    engine: Calls, wide: str, name: str, value: Value, expected: str, actual: str
) -> None:
    message = f"{INVALID}Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: wide"
    bad = {"pk": S("new"), name: value}
    assert engine.invalid("PutItem", TableName=wide, Item=bad) == message
    batch = {wide: [{"PutRequest": {"Item": WHOLE}}, {"PutRequest": {"Item": {**bad, "pk": S("other")}}}]}
    assert engine.invalid("BatchWriteItem", RequestItems=batch) == message
    assert reasons(engine, "TransactWriteItems", put(wide, bad)) == [invalid(message)]
    update = {"TableName": wide, "Key": {"pk": S("0")}, "ExpressionAttributeValues": placeholders(v=value)}
    assert engine.invalid("UpdateItem", **update, UpdateExpression=f"SET {name} = :v") == message
    assert engine.invalid(
        "ExecuteStatement", Statement=f"UPDATE wide SET {name} = ? WHERE pk = '0'", Parameters=[value]
    ) == message  # fmt: skip
    assert engine.get(wide, pk=S("new")) is None


def test_an_empty_value_is_refused(engine: Calls, wide: str) -> None:
    said = "The AttributeValue for a key attribute cannot contain an empty binary value."
    assert engine.invalid("PutItem", TableName=wide, Item={**WHOLE, "e": B(b"")}) == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        f"{said} IndexName: wide, IndexKey: e"
    )
    assert engine.invalid(
        "UpdateItem", TableName=wide, Key={"pk": S("0")}, UpdateExpression="SET e = :e",
        ExpressionAttributeValues=placeholders(e=B(b"")),
    ) == (
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
        f"to a value that is not supported. {said}"
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "e"])
def test_an_item_leaves_and_enters_with_each_attribute_of_the_key(engine: Calls, wide: str, name: str) -> None:
    def update(expression: str, **values: Value) -> dict[str, Any]:
        members = {"ExpressionAttributeValues": placeholders(**values)} if values else {}
        answer = engine.call(
            "UpdateItem", TableName=wide, Key={"pk": S("0")}, UpdateExpression=expression,
            ReturnConsumedCapacity="INDEXES", **members,
        )  # fmt: skip
        report: dict[str, Any] = answer["ConsumedCapacity"]
        return report

    def is_held() -> bool:
        return any(item["pk"] == S("0") for item in engine.items("Scan", TableName=wide, IndexName="wide"))

    arm = {"GlobalSecondaryIndexes": {"wide": {"CapacityUnits": 1}}}
    assert is_held()
    assert update(f"REMOVE {name}").items() >= arm.items()
    assert not is_held()
    assert update(f"SET {name} = :v", v=START[name]).items() >= arm.items()
    assert is_held()
    other = {"S": S("other"), "N": N(77), "B": B(b"other")}[next(iter(START[name]))]
    moved = {"GlobalSecondaryIndexes": {"wide": {"CapacityUnits": 2}}}
    assert update(f"SET {name} = :v", v=other).items() >= moved.items()


# --- against a model ------------------------------------------------------------------------------------------------

LETTERS = st.sampled_from(["a", "b", "ba", "c"])
NUMBERS = st.sampled_from(["-10", "-1", "0", "0.5", "2", "10"])
KEY_VALUES = {"h": LETTERS.map(S), "i": NUMBERS.map(N), "r": NUMBERS.map(N), "s": LETTERS.map(S), "t": NUMBERS.map(N)}
PARTITION, SORT = ("h", "i"), ("r", "s", "t")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, bound: bool(value == bound),
    "<": lambda value, bound: bool(value < bound),
    "<=": lambda value, bound: bool(value <= bound),
    ">": lambda value, bound: bool(value > bound),
    ">=": lambda value, bound: bool(value >= bound),
}


class Search(NamedTuple):
    """Equalities on both partition attributes and on the first sort attributes, and an operator on the last."""

    values: Item
    depth: int
    """How many sort attributes have a condition."""
    operator: str

    def condition(self) -> str:
        names = (*PARTITION, *SORT[: self.depth])
        operators = ["="] * (len(names) - 1) + [self.operator if self.depth else "="]
        clauses = [f"{name} {operator} :{name}" for name, operator in zip(names, operators, strict=True)]
        return " AND ".join(reversed(clauses))

    def wants(self, item: Item) -> bool:
        equal = (*PARTITION, *SORT[: max(self.depth - 1, 0)])
        if any(item[name] != self.values[name] for name in equal):
            return False
        last = SORT[self.depth - 1] if self.depth else None
        return last is None or OPERATORS[self.operator](scalar(item[last]), scalar(self.values[last]))


SEARCHES = st.builds(
    Search, st.fixed_dictionaries(KEY_VALUES), st.integers(0, len(SORT)), st.sampled_from(sorted(OPERATORS))
)
ITEMS = st.lists(st.fixed_dictionaries({}, optional=KEY_VALUES), max_size=30)


@given(ITEMS, st.lists(SEARCHES, min_size=1, max_size=8), st.integers(1, 4), st.booleans())
def test_every_search_finds_what_a_sorted_list_holds(
    items: list[Item], searches: list[Search], limit: int, forward: bool
) -> None:
    """Items with equal keys come in an order of their own, so keys are compared; the items are compared as a set."""
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        schema = tables.table(global_=[tables.global_index("wide", ["h", "i:N"], ["r:N", "s", "t:N"])])
        calls.create(schema)
        stored = [{"pk": S(str(number)), **item} for number, item in enumerate(items)]
        calls.put("table", *stored)
        held = [item for item in stored if all(name in item for name in KEY_VALUES)]
        for search in [*searches, *(Search(item, depth, ">=") for item in held[:2] for depth in range(4))]:
            conditioned = (*PARTITION, *SORT[: search.depth])
            found = calls.items(
                "Query", TableName="table", IndexName="wide", Limit=limit, ScanIndexForward=forward,
                KeyConditionExpression=search.condition(),
                ExpressionAttributeValues={f":{name}": search.values[name] for name in conditioned},
            )  # fmt: skip
            wanted = [item for item in held if search.wants(item)]
            assert sorted(item["pk"]["S"] for item in found) == sorted(item["pk"]["S"] for item in wanted)
            order = [tuple(scalar(item[name]) for name in SORT) for item in found]
            assert order == sorted(order, reverse=not forward)
        check_database(engine)
    finally:
        engine.close()
