"""Scan: FACTS 5.7."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.engine.scan_order import number_bytes, scan_hash
from tests.wire import B, Item, N, S, placeholders

# --- the order -----------------------------------------------------------------------------------------------------


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9))
def test_number_bytes_are_those_of_the_core(number: Decimal) -> None:
    assert _core.number_from_text(format(number, "f")) == number_bytes(number)


@pytest.mark.parametrize("partition", ["S", "N", "B"])
def test_a_scan_is_in_hash_order_then_by_sort_key(engine: Calls, partition: str) -> None:
    table = engine.create(tables.table(partition=partition, sort="N"))
    make: dict[str, Any] = {
        "S": lambda i: S(f"key {i}"),
        "N": lambda i: N(i * 7 - 300),
        "B": lambda i: B(bytes([i, 255])),
    }
    values = [make[partition](number) for number in range(100)]
    for value in values:
        engine.put(table, *({"pk": value, "sk": N(sort)} for sort in (10, -1, 9)))
    found = [(item["pk"], item["sk"]) for item in engine.items("Scan", TableName=table, Limit=17)]
    assert found == [(value, N(sort)) for value in sorted(values, key=scan_hash) for sort in (-1, 9, 10)]


def test_an_index_is_scanned_by_its_own_hash_then_sort_key_then_the_hash_of_the_table_key(engine: Calls) -> None:
    table = engine.create(tables.table(sort="S", global_=[tables.global_index("by-g", "g", "h:N")]))
    items = [
        {"pk": S(f"p{number % 7}"), "sk": S(f"s{number}"), "g": S(f"g{number % 5}"), "h": N(number % 3)}
        for number in range(90)
    ]
    engine.put(table, *items)

    def order(item: Item) -> tuple[str, int, str]:
        table_key = scan_hash(item["pk"], item["sk"])
        return scan_hash(item["g"]), int(item["h"]["N"]), table_key

    assert engine.items("Scan", TableName=table, IndexName="by-g", Limit=7) == sorted(items, key=order)


# --- segments ------------------------------------------------------------------------------------------------------


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(
        tables.table(
            sort="N", global_=[tables.global_index("by-g", "g", "sk")], local=[tables.local_index("by-l", "l")]
        )
    )
    for number in range(60):
        item = {"pk": S(f"p{number}"), "sk": N(number), "g": S(f"g{number % 11}"), "l": S("l"), "x": N(number)}
        engine.put(name, item)
    return name


def numbers(items: list[Item]) -> list[int]:
    return sorted(int(item["x"]["N"]) for item in items)


@pytest.mark.parametrize("segments", [1, 2, 3, 7, 64, 1000, 4095, 4096, 4097, 5000])
@pytest.mark.parametrize("index", [{}, {"IndexName": "by-g"}])
def test_segments_cover_every_item_once(engine: Calls, table: str, segments: int, index: dict[str, str]) -> None:
    found = []
    for segment in range(segments):
        found += engine.call("Scan", TableName=table, TotalSegments=segments, Segment=segment, **index)["Items"]
    assert numbers(found) == list(range(60))


@pytest.mark.parametrize("segments", [2, 5, 4096])
def test_a_segment_owns_its_slice_of_the_first_three_digits(engine: Calls, table: str, segments: int) -> None:
    for segment in range(0, segments, max(1, segments // 40)):
        first, last = -(-4096 * segment // segments), -(-4096 * (segment + 1) // segments) - 1
        items = engine.items("Scan", TableName=table, TotalSegments=segments, Segment=segment)
        assert all(first <= int(scan_hash(item["pk"])[:3], 16) <= last for item in items)


@pytest.mark.parametrize("segments", [3, 7, 1000])
def test_segments_meet_exactly(engine: Calls, table: str, segments: int) -> None:
    """Keys just below and just above the end of the first segment; it ends at a rounded up slice."""
    first_of_second = -(-4096 // segments)
    keys = (f"key {number}" for number in range(10**6))
    by_slice = {int(scan_hash(S(key))[:3], 16): key for key in itertools.islice(keys, 60_000)}
    for position, segment in ((first_of_second - 1, 0), (first_of_second, 1)):
        key = by_slice[position]
        engine.put(table, {"pk": S(key), "sk": N(0), "x": N(0)})
        items = engine.items("Scan", TableName=table, TotalSegments=segments, Segment=segment)
        assert S(key) in [item["pk"] for item in items]


def test_a_million_segments_are_allowed(engine: Calls, table: str) -> None:
    last = engine.call("Scan", TableName=table, TotalSegments=1_000_000, Segment=999_999)
    assert last == {"Items": [], "Count": 0, "ScannedCount": 0}
    assert engine.invalid("Scan", TableName=table, TotalSegments=1_000_001, Segment=0) is not None


@pytest.mark.parametrize("segments", [1, 3, 50])
def test_each_segment_is_paged_on_its_own(engine: Calls, table: str, segments: int) -> None:
    found = []
    for segment in range(segments):
        found += engine.items("Scan", TableName=table, TotalSegments=segments, Segment=segment, Limit=2)
    assert numbers(found) == list(range(60))


def test_segment_and_total_segments_need_each_other(engine: Calls, table: str) -> None:
    assert engine.invalid("Scan", TableName=table, Segment=0) == (
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
    )
    assert engine.invalid("Scan", TableName=table, TotalSegments=1) == (
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
    )


def test_a_segment_is_less_than_the_total(engine: Calls, table: str) -> None:
    assert engine.invalid("Scan", TableName=table, Segment=5, TotalSegments=5) == (
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
        "Segment: 5 is not less than TotalSegments: 5"
    )


def test_a_negative_segment_breaks_a_constraint(engine: Calls, table: str) -> None:
    assert engine.invalid("Scan", TableName=table, Segment=-1, TotalSegments=5) == (
        "1 validation error detected: Value '-1' at 'segment' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0"
    )


def test_a_start_key_of_another_segment_is_refused(engine: Calls, table: str) -> None:
    key = {"pk": S("p1"), "sk": N(1)}
    owner = int(scan_hash(key["pk"])[:3], 16) // 1024
    other = (owner + 1) % 4
    request = {"TableName": table, "TotalSegments": 4, "ExclusiveStartKey": key}
    assert engine.invalid("Scan", **request, Segment=other) == (
        "The provided starting key is invalid: Invalid ExclusiveStartKey. "
        f"Please use ExclusiveStartKey with correct Segment. TotalSegments: 4 Segment: {other}"
    )
    assert "Items" in engine.call("Scan", **request, Segment=owner)


# --- pages, filters, Select ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 59, 60, 61])
@pytest.mark.parametrize("index", [{}, {"IndexName": "by-g"}, {"IndexName": "by-l"}])
def test_pages_by_limit_cover_every_item_once(engine: Calls, table: str, limit: int, index: dict[str, str]) -> None:
    pages = list(engine.pages("Scan", TableName=table, Limit=limit, **index))
    assert all(len(page["Items"]) == limit for page in pages[:-1])
    assert numbers([item for page in pages for item in page["Items"]]) == list(range(60))


def test_last_evaluated_key_holds_the_table_key_and_the_index_key(engine: Calls, table: str) -> None:
    page = engine.call("Scan", TableName=table, Limit=1)
    assert sorted(page["LastEvaluatedKey"]) == ["pk", "sk"]
    page = engine.call("Scan", TableName=table, IndexName="by-g", Limit=1)
    assert sorted(page["LastEvaluatedKey"]) == ["g", "pk", "sk"]
    assert page["LastEvaluatedKey"] == {name: page["Items"][0][name] for name in ("pk", "sk", "g")}


@pytest.mark.parametrize("index", [{}, {"IndexName": "by-g"}])
def test_pages_continue_when_the_item_at_the_key_is_gone(engine: Calls, table: str, index: dict[str, str]) -> None:
    everything = engine.items("Scan", TableName=table, **index)
    page = engine.call("Scan", TableName=table, Limit=20, **index)
    start = page["LastEvaluatedKey"]
    engine.call("DeleteItem", TableName=table, Key={"pk": start["pk"], "sk": start["sk"]})
    rest = engine.items("Scan", TableName=table, ExclusiveStartKey=start, **index)
    assert page["Items"] + rest == everything


def test_a_page_ends_at_one_megabyte_of_items_read_before_the_filter(engine: Calls) -> None:
    table = engine.create(tables.table())
    for number in range(40):
        engine.put(table, {"pk": S(f"p{number}"), "x": S("x" * 60_000), "keep": N(number % 10)})
    request = {"FilterExpression": "keep = :k", "ExpressionAttributeValues": placeholders(k=N(0))}
    pages = list(engine.pages("Scan", TableName=table, **request))
    assert [page["ScannedCount"] for page in pages] == [18, 18, 4]
    assert sum(page["Count"] for page in pages) == 4


def test_a_filter_may_name_keys_and_runs_after_limit(engine: Calls, table: str) -> None:
    first = engine.call("Scan", TableName=table, Limit=1)["Items"][0]
    request = {"FilterExpression": "pk <> :p", "ExpressionAttributeValues": {":p": first["pk"]}, "Limit": 1}
    answer = engine.call("Scan", TableName=table, **request)
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 1)
    assert answer["LastEvaluatedKey"] == {"pk": first["pk"], "sk": first["sk"]}


def test_select_count_and_projection(engine: Calls, table: str) -> None:
    assert engine.call("Scan", TableName=table, Select="COUNT") == {"Count": 60, "ScannedCount": 60}
    answer = engine.call("Scan", TableName=table, ProjectionExpression="x", Limit=1)
    assert list(answer["Items"][0]) == ["x"]


def test_specific_attributes_need_a_projection_bare(engine: Calls, table: str) -> None:
    assert engine.invalid("Scan", TableName=table, Select="SPECIFIC_ATTRIBUTES") == (
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    )


# --- refusals and legacy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [{}, {"pk": S("a")}, {"pk": S("a"), "sk": S("1")}, {"pk": S("a"), "sk": N(1), "x": N(1)}]
)
def test_a_start_key_that_does_not_fit_the_schema_is_refused(engine: Calls, table: str, start: Item) -> None:
    message = engine.invalid("Scan", TableName=table, ExclusiveStartKey=start)
    assert message == "The provided starting key is invalid: The provided key element does not match the schema"
    message = engine.invalid("Scan", TableName=table, IndexName="by-g", ExclusiveStartKey=start)
    assert message == "The provided starting key is invalid"


def test_a_start_key_with_an_empty_value_is_refused(engine: Calls, table: str) -> None:
    message = engine.invalid("Scan", TableName=table, ExclusiveStartKey={"pk": S(""), "sk": N(1)})
    assert message == (
        "The provided starting key is invalid: One or more parameter values are not valid. "
        "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
    )


def test_expression_values_are_worded_by_the_older_layer(engine: Calls, table: str) -> None:
    message = engine.invalid(
        "Scan", TableName=table, FilterExpression="x = :v", ExpressionAttributeValues=placeholders(v=N("x"))
    )
    assert message == (
        "ExpressionAttributeValues contains invalid value: "
        "The parameter cannot be converted to a numeric value: x for key :v"
    )


def test_values_without_a_filter_name_what_is_null(engine: Calls, table: str) -> None:
    message = engine.invalid("Scan", TableName=table, ExpressionAttributeValues=placeholders(v=N(1)))
    assert message == (
        "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"
    )


def test_limit_zero_breaks_a_constraint(engine: Calls, table: str) -> None:
    assert engine.invalid("Scan", TableName=table, Limit=0) == (
        "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


def test_legacy_filter_and_attributes(engine: Calls, table: str) -> None:
    answer = engine.call(
        "Scan", TableName=table, AttributesToGet=["x"],
        ScanFilter={
            "x": {"ComparisonOperator": "IN", "AttributeValueList": [N(3), N(5)]},
            "l": {"ComparisonOperator": "NULL"},
        },
        ConditionalOperator="OR",
    )  # fmt: skip
    assert numbers(answer["Items"]) == [3, 5]
    assert answer["ScannedCount"] == 60


def test_legacy_and_expressions_do_not_mix(engine: Calls, table: str) -> None:
    message = engine.invalid("Scan", TableName=table, AttributesToGet=["x"], FilterExpression="attribute_exists(x)")
    assert message == (
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributesToGet} Expression parameters: {FilterExpression}"
    )


def test_consistent_reads_of_a_global_index_are_refused(engine: Calls, table: str) -> None:
    message = engine.invalid("Scan", TableName=table, IndexName="by-g", ConsistentRead=True)
    assert message == "Consistent reads are not supported on global secondary indexes"
    assert engine.call("Scan", TableName=table, IndexName="by-l", ConsistentRead=True, Limit=1)["Count"] == 1


def test_missing_tables_and_indexes(engine: Calls, table: str) -> None:
    assert engine.refusal("Scan", TableName="missing") == Refusal(
        "ResourceNotFoundException", "Requested resource not found"
    )
    message = engine.invalid("Scan", TableName=table, IndexName="nothing")
    assert message == "The table does not have the specified index: nothing"


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (None, "ConditionalOperator cannot be used without Filter or Expected"),
        ({}, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"a": {"ComparisonOperator": "NULL"}},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        (
            {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [N("abc")]}},
            "The parameter cannot be converted to a numeric value: abc",
        ),
    ],
)
def test_a_scan_looks_at_its_conditions_before_it_counts_them(
    engine: Calls, conditions: dict[str, Any] | None, message: str
) -> None:
    members = {} if conditions is None else {"ScanFilter": conditions}
    assert engine.invalid("Scan", TableName="nowhere", ConditionalOperator="AND", **members) == message
