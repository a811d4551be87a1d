"""Key values: empty, too long, of the longest; equal numbers; keys with awkward bytes (FACTS 2.4, 2.1)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine.engine import keys
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import B, Item, N, S, Value, placeholders

HASH_TOO_LONG = (
    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
)
SORT_TOO_LONG = (
    "One or more parameter values were invalid: "
    "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
)


def text(length: int, last: str = "x") -> Value:
    return S("k" * (length - len(last)) + last)


def binary(length: int, last: bytes = b"\xff") -> Value:
    return B(b"\x00" * (length - len(last)) + last)


def lookups(table: str, key: Item) -> list[tuple[str, dict[str, Any]]]:
    """Every operation that takes a lookup key."""
    return [
        ("GetItem", {"TableName": table, "Key": key}),
        ("DeleteItem", {"TableName": table, "Key": key}),
        ("UpdateItem", {"TableName": table, "Key": key}),
        ("BatchGetItem", {"RequestItems": {table: {"Keys": [key]}}}),
        ("BatchWriteItem", {"RequestItems": {table: [{"DeleteRequest": {"Key": key}}]}}),
    ]


def puts(table: str, item: Item) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("PutItem", {"TableName": table, "Item": item}),
        ("BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": item}}]}}),
    ]


@pytest.mark.parametrize(("kind", "empty", "word"), [("S", S(""), "string"), ("B", B(b""), "binary")])
@pytest.mark.parametrize("name", ["pk", "sk"])
def test_an_empty_key_value_is_refused_everywhere(engine: Calls, kind: str, empty: Value, word: str, name: str) -> None:
    table = engine.create(tables.table(partition=kind, sort=kind))
    key = {"pk": S("a") if kind == "S" else B(b"a")}
    key = {**key, "sk": key["pk"], name: empty}
    for operation, request in lookups(table, key) + puts(table, key):
        assert engine.invalid(operation, **request) == (
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            f"cannot contain an empty {word} value. Key: {name}"
        )


@pytest.mark.parametrize("make", [text, binary])
def test_the_longest_keys_are_accepted_and_one_byte_more_refused(engine: Calls, make: Any) -> None:
    kind = "S" if make is text else "B"
    table = engine.create(tables.table(partition=kind, sort=kind))
    longest = {"pk": make(2048), "sk": make(1024)}
    engine.put(table, longest)
    assert engine.get(table, **longest) == longest
    for key, message in (
        ({**longest, "pk": make(2049)}, HASH_TOO_LONG),
        ({**longest, "sk": make(1025)}, SORT_TOO_LONG),
    ):
        for operation, request in lookups(table, key) + puts(table, key):
            assert engine.invalid(operation, **request) == message


def test_length_is_counted_in_utf_8_bytes(engine: Calls) -> None:
    table = engine.create(tables.table())
    engine.put(table, {"pk": S("é" * 1024)})
    assert engine.invalid("PutItem", TableName=table, Item={"pk": S("é" * 1024 + "x")}) == HASH_TOO_LONG


def test_index_keys_have_the_same_limits(engine: Calls) -> None:
    table = engine.create(tables.table(global_=[tables.global_index("by-g", "g", "h")]))
    engine.put(table, {"pk": S("a"), "g": text(2048), "h": text(1024)})
    assert engine.invalid("PutItem", TableName=table, Item={"pk": S("b"), "g": text(2049)}) == HASH_TOO_LONG
    assert engine.invalid("PutItem", TableName=table, Item={"pk": S("b"), "h": text(1025)}) == SORT_TOO_LONG


LONG_SUFFIXES = ("a", "b", "c", "cc", "\U0001f600", "z")


@pytest.fixture
def long_table(engine: Calls) -> str:
    """Items whose keys and index keys are as long as can be and differ only at their ends."""
    name = engine.create(
        tables.table(sort="S", local=[tables.local_index("by-l", "l")], global_=[tables.global_index("by-g", "g", "h")])
    )
    for suffix in LONG_SUFFIXES:
        for number in range(3):
            engine.put(name, {
                "pk": text(2048 - len(suffix.encode()) + len(suffix), suffix),
                "sk": text(1024, str(number)), "l": text(1024, str(-number % 3)),
                "g": text(2048, "g"), "h": text(1024, str(number)), "x": N(number),
            })  # fmt: skip
    return name


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize("index", [None, "by-l", "by-g"])
def test_the_longest_keys_are_scanned_page_by_page(
    engine: Calls, long_table: str, index: str | None, limit: int
) -> None:
    where = {} if index is None else {"IndexName": index}
    items = engine.items("Scan", TableName=long_table, Limit=limit, **where)
    found = sorted((item["pk"]["S"], item["x"]["N"]) for item in items)
    assert len(set(found)) == len(found) == 3 * len(LONG_SUFFIXES)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_longest_keys_are_queried_in_order(engine: Calls, long_table: str, limit: int, forward: bool) -> None:
    members = {"TableName": long_table, "Limit": limit, "ScanIndexForward": forward}
    for suffix in LONG_SUFFIXES:
        partition = text(2048 - len(suffix.encode()) + len(suffix), suffix)
        request = {
            **members, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": placeholders(p=partition),
        }  # fmt: skip
        by_sort = [item["x"]["N"] for item in engine.items("Query", **request)]
        assert by_sort == (["0", "1", "2"] if forward else ["2", "1", "0"])
        by_local = [item["x"]["N"] for item in engine.items("Query", IndexName="by-l", **request)]
        assert by_local == (["0", "2", "1"] if forward else ["1", "2", "0"])
    by_global = engine.items(
        "Query", IndexName="by-g", **members, KeyConditionExpression="g = :g AND begins_with(h, :h)",
        ExpressionAttributeValues=placeholders(g=text(2048, "g"), h=S("k" * 1023)),
    )  # fmt: skip
    numbers = [item["x"]["N"] for item in by_global]
    assert numbers == sorted(numbers, reverse=not forward)
    assert len(numbers) == 3 * len(LONG_SUFFIXES)


def test_the_longest_keys_are_deleted_again(engine: Calls, long_table: str) -> None:
    for item in engine.items("Scan", TableName=long_table, ProjectionExpression="pk, sk"):
        engine.call("DeleteItem", TableName=long_table, Key=item)
    for where in ({}, {"IndexName": "by-l"}, {"IndexName": "by-g"}):
        assert engine.items("Scan", TableName=long_table, **where) == []


# --- order and identity of stored keys ------------------------------------------------------------------------------

SCALARS = {
    "S": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map(S),
    "N": st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**6), max_value=10**6).map(
        lambda number: N(format(number, "f"))
    ),
    "B": st.binary(min_size=1, max_size=6).map(B),
}


@pytest.mark.parametrize("kind", ["S", "N", "B"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_put_under_random_keys_is_found_in_order(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(SCALARS[kind], min_size=1, max_size=12))
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        table = calls.create(tables.table(sort=kind))
        for position, value in enumerate(values):
            calls.put(table, {"pk": S("a"), "sk": value, "position": N(position)})
        encoded = {_core.encode_value(value): position for position, value in enumerate(values)}
        due = [encoded[value] for value in sorted(encoded, key=_core.key_bytes)]
        found = calls.items("Scan", TableName=table, Limit=5)
        assert [int(item["position"]["N"]) for item in found] == due
        check_database(engine)
    finally:
        engine.close()


@given(st.binary(max_size=5).map(lambda tail: b"I" + tail))
def test_after_is_just_above_everything_with_the_prefix(prefix: bytes) -> None:
    above = keys.after(prefix)
    assert prefix + b"\xff" * 8 < above
    assert not above.startswith(prefix)
    assert above[:-1] + bytes([above[-1] - 1]) <= prefix
