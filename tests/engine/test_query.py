"""Query: FACTS 4.6 and 5.6."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import B, Item, M, N, S, Value, placeholders

_TEXTS = ("\x00", "\x00a", "A", "B", "a", "a\x00", "ab", "b", "é", "\uffee", "\U0001f600")
_NUMBERS = ("-1e125", "-10", "-9.5", "-1", "-1e-130", "0", "1e-130", "0.5", "1", "2", "10", "1e125")
_BYTES = (b"\x00", b"\x00\x00", b"\x00\x01", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\x00", b"\xff\xff")
SORTED: dict[str, list[Value]] = {"S": [*map(S, _TEXTS)], "N": [*map(N, _NUMBERS)], "B": [*map(B, _BYTES)]}


@pytest.fixture(params=["S", "N", "B"])
def sort_type(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def table(engine: Calls, sort_type: str) -> str:
    """One partition with all values of SORTED as sort keys, and neighbours on both sides."""
    name = engine.create(tables.table(sort=sort_type))
    for partition in ("a", "a\x00", "b"):
        for position in reversed(range(len(SORTED[sort_type]))):
            engine.put(name, {"pk": S(partition), "sk": SORTED[sort_type][position], "position": N(position)})
    return name


def positions(items: list[Item]) -> list[int]:
    return [int(item["position"]["N"]) for item in items]


def query(engine: Calls, table: str, condition: str = "pk = :p", **members: Any) -> dict[str, Any]:
    """A Query of partition a; members named v... are placeholder values."""
    values = {name: members.pop(name) for name in list(members) if len(name) <= 2}
    return engine.call("Query", **request(table, condition, values, **members))


def request(table: str, condition: str, values: dict[str, Value], **members: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": placeholders(p=S("a"), **values),
        **members,
    }


# --- order, operators, pages ---------------------------------------------------------------------------------------


def test_items_come_in_sort_order_forwards_and_backwards(engine: Calls, table: str, sort_type: str) -> None:
    everything = list(range(len(SORTED[sort_type])))
    assert positions(query(engine, table)["Items"]) == everything
    assert positions(query(engine, table, ScanIndexForward=False)["Items"]) == everything[::-1]


@pytest.mark.parametrize("forward", [True, False])
def test_every_operator_selects_exactly_its_range(engine: Calls, table: str, sort_type: str, forward: bool) -> None:
    ordered = SORTED[sort_type]
    for bound in range(len(ordered)):
        ranges = {
            "=": [bound],
            "<": list(range(bound)),
            "<=": list(range(bound + 1)),
            ">": list(range(bound + 1, len(ordered))),
            ">=": list(range(bound, len(ordered))),
        }
        for operator, due in ranges.items():
            condition = f"pk = :p AND sk {operator} :v"
            answer = query(engine, table, condition, v=ordered[bound], ScanIndexForward=forward)
            assert positions(answer["Items"]) == (due if forward else due[::-1])
            assert (answer["Count"], answer["ScannedCount"]) == (len(due), len(due))
            assert "LastEvaluatedKey" not in answer


def test_between_includes_both_bounds(engine: Calls, table: str, sort_type: str) -> None:
    ordered = SORTED[sort_type]
    for low in range(len(ordered)):
        for high in range(low, len(ordered)):
            answer = query(engine, table, "pk = :p AND sk BETWEEN :l AND :h", l=ordered[low], h=ordered[high])
            assert positions(answer["Items"]) == list(range(low, high + 1))


def raw(value: Value) -> bytes:
    import base64

    return value["S"].encode() if "S" in value else base64.b64decode(value["B"])


@pytest.mark.parametrize("sort_type", ["S", "B"], indirect=True)
def test_begins_with_compares_bytes(engine: Calls, table: str, sort_type: str) -> None:
    ordered = SORTED[sort_type]
    for prefix in ordered:
        due = [position for position, value in enumerate(ordered) if raw(value).startswith(raw(prefix))]
        answer = query(engine, table, "pk = :p AND begins_with(sk, :v)", v=prefix)
        assert positions(answer["Items"]) == due


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_by_limit_continue_exactly(engine: Calls, table: str, sort_type: str, limit: int, forward: bool) -> None:
    members = request(table, "pk = :p", {}, Limit=limit, ScanIndexForward=forward)
    pages = list(engine.pages("Query", **members))
    assert all(len(page["Items"]) == limit for page in pages[:-1])
    found = [position for page in pages for position in positions(page["Items"])]
    everything = list(range(len(SORTED[sort_type])))
    assert found == (everything if forward else everything[::-1])


@pytest.mark.parametrize("forward", [True, False])
def test_pages_continue_when_the_item_at_the_key_is_gone(
    engine: Calls, table: str, sort_type: str, forward: bool
) -> None:
    everything = list(range(len(SORTED[sort_type])))
    for limit in range(1, len(everything)):
        page = query(engine, table, Limit=limit, ScanIndexForward=forward)
        start = page["LastEvaluatedKey"]
        gone = engine.call("DeleteItem", TableName=table, Key=start, ReturnValues="ALL_OLD")["Attributes"]
        rest = query(engine, table, ExclusiveStartKey=start, ScanIndexForward=forward)
        due = everything if forward else everything[::-1]
        assert positions(rest["Items"]) == due[limit:]
        engine.put(table, gone)


def test_a_page_that_reached_its_limit_has_a_key_even_at_the_end(engine: Calls, table: str, sort_type: str) -> None:
    size = len(SORTED[sort_type])
    page = query(engine, table, Limit=size)
    assert page["LastEvaluatedKey"] == {"pk": S("a"), "sk": page["Items"][-1]["sk"]}
    assert query(engine, table, ExclusiveStartKey=page["LastEvaluatedKey"]) == {
        "Items": [], "Count": 0, "ScannedCount": 0,
    }  # fmt: skip
    assert "LastEvaluatedKey" not in query(engine, table, Limit=size + 1)


@pytest.mark.parametrize("partition", ["S", "N", "B"])
def test_a_hash_only_table_has_one_item_per_partition(engine: Calls, partition: str) -> None:
    table = engine.create(tables.table(partition=partition))
    for value in SORTED[partition]:
        engine.put(table, {"pk": value})
    for value in SORTED[partition]:
        answer = engine.call(
            "Query", TableName=table, KeyConditionExpression="pk = :p", ExpressionAttributeValues=placeholders(p=value)
        )
        assert answer["Count"] == 1


# --- tables with plain text sort keys ------------------------------------------------------------------------------


@pytest.fixture
def plain(engine: Calls) -> str:
    name = engine.create(tables.table("plain", sort="S", global_=[tables.global_index("by-g", "g", "h")]))
    for position in range(5):
        engine.put(name, {"pk": S("a"), "sk": S(str(position)), "x": N(position), "g": S("g"), "h": S("h")})
    return name


def refused(engine: Calls, table: str, condition: str | None = "pk = :p", **members: Any) -> str | None:
    values = {name: members.pop(name) for name in list(members) if len(name) <= 2}
    return engine.invalid("Query", **request(table, str(condition), values, **members))


@pytest.mark.parametrize("forward", [True, False])
def test_a_page_ends_at_one_megabyte_of_items_read_before_the_filter(engine: Calls, forward: bool) -> None:
    table = engine.create(tables.table(sort="N"))
    for number in range(40):
        engine.put(table, {"pk": S("a"), "sk": N(number), "x": S("x" * 60_000), "keep": N(number % 10)})
    members = request(table, "pk = :p", {"k": N(0)}, FilterExpression="keep = :k", ScanIndexForward=forward)
    pages = list(engine.pages("Query", **members))
    assert [page["ScannedCount"] for page in pages] == [18, 18, 4]
    found = [int(item["sk"]["N"]) for page in pages for item in page["Items"]]
    assert found == ([0, 10, 20, 30] if forward else [30, 20, 10, 0])


def test_limit_counts_items_read_and_the_filter_runs_after(engine: Calls, plain: str) -> None:
    answer = query(engine, plain, FilterExpression="x > :v", v=N(1), Limit=3)
    assert (answer["Count"], answer["ScannedCount"]) == (1, 3)
    assert answer["LastEvaluatedKey"] == {"pk": S("a"), "sk": S("2")}


def test_select_count_has_no_items(engine: Calls, plain: str) -> None:
    assert query(engine, plain, Select="COUNT") == {"Count": 5, "ScannedCount": 5}


def test_projection(engine: Calls, plain: str) -> None:
    answer = query(
        engine, plain, "pk = :p AND sk = :v", v=S("3"), ProjectionExpression="x, sk", Select="SPECIFIC_ATTRIBUTES"
    )
    assert answer["Items"] == [{"sk": S("3"), "x": N(3)}]


def test_select_all_attributes_of_a_table(engine: Calls, plain: str) -> None:
    assert len(query(engine, plain, Select="ALL_ATTRIBUTES")["Items"][0]) == 5


def test_a_comparison_may_have_its_value_first(engine: Calls, plain: str) -> None:
    answer = query(engine, plain, ":p = pk AND :v < sk", v=S("2"))
    assert [item["sk"] for item in answer["Items"]] == [S("3"), S("4")]


INVALID = "Invalid KeyConditionExpression: "
OPERAND_TYPE = INVALID + "Incorrect operand type for operator or function; operator or function: "
SCHEMA_TYPE = "One or more parameter values were invalid: Condition parameter type does not match schema type"
TOO_MANY = "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)"


@pytest.mark.parametrize(
    ("condition", "value", "message"),
    [
        ("pk = :p AND begins_with(sk, :v)", N(1), OPERAND_TYPE + "begins_with, operand type: N"),
        ("pk = :p AND sk > :v", {"BOOL": True}, OPERAND_TYPE + ">, operand type: BOOL"),
        ("pk = :p AND sk = :v", N(1), SCHEMA_TYPE),
        ("pk = :v AND sk = :p", {"BOOL": True}, SCHEMA_TYPE),
        (
            "pk = :p AND sk = :v AND sk > :v",
            S("a"),
            INVALID + "KeyConditionExpressions must only contain one condition per key",
        ),
        ("pk = :p AND sk = :v AND x = :v", S("a"), TOO_MANY),
        ("sk = :v AND sk <> :p", S("a"), "Invalid operator used in KeyConditionExpression: <>"),
        ("sk = :v AND x = :p", S("a"), "Query condition missed key schema element: pk"),
        ("pk = :p AND x = :v", S("a"), "Query condition missed key schema element: sk"),
        ("pk > :p AND sk = :v", S("a"), "Query key condition not supported"),
        ("pk = :p OR sk = :v", S("a"), "Invalid operator used in KeyConditionExpression: OR"),
        (
            "pk = :p AND sk.x = :v",
            S("a"),
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        ),
        ("pk = :p AND size(sk) = :v", S("a"), "KeyConditionExpressions cannot contain nested operations"),
        ("(pk = :p) AND ((sk = :v))", S("a"), INVALID + "The expression has redundant parentheses;"),
    ],
)
def test_malformed_key_conditions(engine: Calls, plain: str, condition: str, value: Value, message: str) -> None:
    assert refused(engine, plain, condition, v=value) == message


def test_a_query_needs_a_key_condition(engine: Calls, plain: str) -> None:
    message = engine.invalid("Query", TableName=plain)
    assert message == "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."


@pytest.mark.parametrize(
    "condition",
    ["sk = :v", "sk > :v", "begins_with(sk, :v)", "sk BETWEEN :v AND :p"],
)
def test_an_empty_key_value_is_refused(engine: Calls, plain: str, condition: str) -> None:
    empty = (
        "One or more parameter values are not valid. "
        "The AttributeValue for a key attribute cannot contain an empty string value. Key: "
    )
    assert refused(engine, plain, f"pk = :p AND {condition}", v=S("")) == empty + "sk"
    message = engine.invalid(
        "Query", TableName=plain, KeyConditionExpression="pk = :v", ExpressionAttributeValues=placeholders(v=S(""))
    )
    assert message == empty + "pk"


def test_an_empty_index_key_value_is_refused(engine: Calls, plain: str) -> None:
    message = engine.invalid(
        "Query", TableName=plain, IndexName="by-g", KeyConditionExpression="g = :v AND h > :v",
        ExpressionAttributeValues=placeholders(v=S("")),
    )  # fmt: skip
    assert message == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-g, IndexKey: g"
    )


@pytest.mark.parametrize("operator", ["=", "<"])
def test_key_values_too_long_for_any_key_are_refused(engine: Calls, plain: str, operator: str) -> None:
    message = refused(engine, plain, f"pk = :p AND sk {operator} :v", v=S("x" * 1025))
    assert message == (
        "One or more parameter values were invalid: "
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    )
    message = engine.invalid(
        "Query",
        TableName=plain,
        KeyConditionExpression="pk = :v",
        ExpressionAttributeValues=placeholders(v=S("x" * 2049)),
    )
    assert message == (
        "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )


@pytest.mark.parametrize("name", ["pk", "sk"])
def test_a_filter_may_not_name_a_key_attribute(engine: Calls, plain: str, name: str) -> None:
    message = refused(engine, plain, FilterExpression=f"{name} = :p")
    assert message == (f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}")


def test_a_legacy_filter_may_not_name_a_key_attribute(engine: Calls, plain: str) -> None:
    message = engine.invalid(
        "Query", TableName=plain,
        KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]}},
        QueryFilter={"sk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]}},
    )  # fmt: skip
    assert message == "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk"


def test_a_filter_on_an_index_may_name_the_tables_key_but_not_the_indexs(engine: Calls, plain: str) -> None:
    members = {"IndexName": "by-g", "KeyConditionExpression": "g = :g", "TableName": plain}
    values = placeholders(g=S("g"), v=S("1"))
    answer = engine.call("Query", **members, FilterExpression="sk > :v", ExpressionAttributeValues=values)
    assert (answer["Count"], answer["ScannedCount"]) == (3, 5)
    message = engine.invalid("Query", **members, FilterExpression="h > :v", ExpressionAttributeValues=values)
    assert message == "Filter Expression can only contain non-primary key attributes: Primary key attribute: h"


def test_a_projection_may_not_go_below_a_key_attribute(engine: Calls, plain: str) -> None:
    prefix = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
    assert refused(engine, plain, ProjectionExpression="sk.x") == prefix + "Key: sk"
    assert refused(engine, plain, ProjectionExpression="g.x") == prefix + "IndexKey: g"
    assert refused(engine, plain, FilterExpression="h[1] = :p") == prefix + "IndexKey: h"


# --- Select --------------------------------------------------------------------------------------------------------


def test_specific_attributes_need_a_projection(engine: Calls, plain: str) -> None:
    assert refused(engine, plain, Select="SPECIFIC_ATTRIBUTES") == (
        "1 validation error detected: Must specify the AttributesToGet or ProjectionExpression "
        "when choosing to get SPECIFIC_ATTRIBUTES"
    )


@pytest.mark.parametrize("select", ["COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"])
def test_a_projection_goes_with_specific_attributes_only(engine: Calls, plain: str, select: str) -> None:
    message = refused(engine, plain, Select=select, ProjectionExpression="x")
    assert message is not None
    assert "Cannot specify the ProjectionExpression when choosing to get" in message


def test_all_projected_attributes_needs_an_index(engine: Calls, plain: str) -> None:
    message = refused(engine, plain, Select="ALL_PROJECTED_ATTRIBUTES")
    assert message == "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"


# --- start keys ----------------------------------------------------------------------------------------------------

BAD_START = "The provided starting key is invalid"


@pytest.mark.parametrize(
    "start",
    [
        {"pk": S("a")},
        {"pk": S("a"), "sk": S("1"), "x": N(1)},
        {"pk": S("a"), "sk": N(1)},
        {"pk": S("a"), "other": S("1")},
        {},
    ],
)
def test_a_start_key_that_does_not_fit_the_schema_is_refused(engine: Calls, plain: str, start: Item) -> None:
    assert refused(engine, plain, ExclusiveStartKey=start) == BAD_START


def test_a_start_key_with_an_empty_value_is_refused(engine: Calls, plain: str) -> None:
    assert refused(engine, plain, ExclusiveStartKey={"pk": S("a"), "sk": S("")}) == (
        f"{BAD_START}: One or more parameter values are not valid. "
        "The AttributeValue for a key attribute cannot contain an empty string value. Key: sk"
    )


def test_a_malformed_value_in_a_start_key(engine: Calls, plain: str) -> None:
    start = {"pk": S("a"), "sk": {"NS": []}}
    assert refused(engine, plain, ExclusiveStartKey=start) == (
        f"{BAD_START}: One or more parameter values were invalid: An number set  may not be empty"
    )
    number = refused(engine, plain, ExclusiveStartKey={"pk": S("a"), "sk": N("x")})
    assert number == "The parameter cannot be converted to a numeric value: x"


def test_a_start_key_of_another_partition_is_refused(engine: Calls, plain: str) -> None:
    message = refused(engine, plain, ExclusiveStartKey={"pk": S("b"), "sk": S("1")})
    assert message == "The provided starting key is outside query boundaries based on provided conditions"


@pytest.mark.parametrize("partition", ["a", "b"])
def test_a_start_key_outside_the_range_condition_is_refused(engine: Calls, plain: str, partition: str) -> None:
    start = {"pk": S(partition), "sk": S("1")}
    message = refused(engine, plain, "pk = :p AND sk > :v", v=S("2"), ExclusiveStartKey=start)
    assert message == "The provided starting key does not match the range key predicate"


def test_a_start_key_in_range_but_of_another_partition_is_refused(engine: Calls, plain: str) -> None:
    start = {"pk": S("b"), "sk": S("3")}
    message = refused(engine, plain, "pk = :p AND sk > :v", v=S("2"), ExclusiveStartKey=start)
    assert message == "The query can return at most one row and cannot be restarted"


def test_a_start_key_that_never_existed_is_a_position(engine: Calls, plain: str) -> None:
    answer = query(engine, plain, ExclusiveStartKey={"pk": S("a"), "sk": S("2zzz")})
    assert [item["sk"] for item in answer["Items"]] == [S("3"), S("4")]


# --- other refusals and legacy -------------------------------------------------------------------------------------


def test_a_missing_table_is_not_found_but_the_key_condition_is_checked_first(engine: Calls) -> None:
    assert engine.refusal("Query", **request("missing", "pk = :p", {})) == Refusal(
        "ResourceNotFoundException", "Requested resource not found"
    )
    assert refused(engine, "missing", "pk = :p AND begins_with(sk, :v)", v=N(1)) is not None


def test_a_missing_index_is_named(engine: Calls, plain: str) -> None:
    message = refused(engine, plain, IndexName="nothing")
    assert message == "The table does not have the specified index: nothing"


def test_legacy_key_conditions_filter_and_attributes(engine: Calls, plain: str) -> None:
    answer = engine.call(
        "Query", TableName=plain,
        KeyConditions={
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]},
            "sk": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [S("1"), S("3")]},
        },
        QueryFilter={"x": {"ComparisonOperator": "NE", "AttributeValueList": [N(2)]}},
        AttributesToGet=["x"],
    )  # fmt: skip
    assert answer == {"Items": [{"x": N(1)}, {"x": N(3)}], "Count": 2, "ScannedCount": 3}


def test_key_conditions_go_with_a_filter_expression(engine: Calls, plain: str) -> None:
    answer = engine.call(
        "Query", TableName=plain,
        KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]}},
        FilterExpression="x > :v", ExpressionAttributeValues=placeholders(v=N(2)), ProjectionExpression="x",
    )  # fmt: skip
    assert answer["Items"] == [{"x": N(3)}, {"x": N(4)}]


def test_legacy_and_expressions_do_not_mix(engine: Calls, plain: str) -> None:
    message = refused(
        engine,
        plain,
        AttributesToGet=["x"],
        QueryFilter={"x": {"ComparisonOperator": "NULL"}},
        FilterExpression="x = :p",
    )
    assert message == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributesToGet, QueryFilter} "
        "Expression parameters: {FilterExpression, KeyConditionExpression}"
    )


@pytest.mark.parametrize("operator", ["NE", "CONTAINS", "NOT_NULL", "IN"])
def test_legacy_operators_that_no_key_supports(engine: Calls, plain: str, operator: str) -> None:
    values = {} if operator == "NOT_NULL" else {"AttributeValueList": [S("1")]}
    message = engine.invalid(
        "Query", TableName=plain,
        KeyConditions={
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]},
            "sk": {"ComparisonOperator": operator, **values},
        },
    )  # fmt: skip
    assert message == "Attempted conditional constraint is not an indexable operation"


def test_values_are_bare_in_a_query(engine: Calls, plain: str) -> None:
    message = refused(engine, plain, FilterExpression="x = :v", v=N("x"))
    assert message == "The parameter cannot be converted to a numeric value: x"
    nested = refused(engine, plain, FilterExpression="x = :v", v=M(a={"SS": []}))
    assert nested == "One or more parameter values were invalid: An string set  may not be empty"
