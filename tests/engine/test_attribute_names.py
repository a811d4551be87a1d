"""Names of attributes: 1 to 65,535 bytes, wherever a request gives one (FACTS 2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import L, M, N, S, placeholders

ENVELOPE = "1 validation error detected: "
TOO_LARGE = "Attribute name is too large, must be less than 65536 bytes"
LONGEST = "n" * 65_535
TOO_LONG = "\u00e9" * 32_768
KEY = {"pk": S("a")}


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table("names"))


def writes(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Requests that store an attribute of this name, on top or within a value."""
    value = L(S("x"), M(**{name: N(1)}))
    return [
        ("PutItem", {"Item": {**KEY, name: N(1)}}),
        ("PutItem", {"Item": {**KEY, "x": value}}),
        ("UpdateItem", {"Key": KEY, "AttributeUpdates": {name: {"Value": N(1)}}}),
        ("UpdateItem", {"Key": KEY, "AttributeUpdates": {"x": {"Value": value}}}),
        (
            "UpdateItem",
            {"Key": KEY, "UpdateExpression": "SET x = :v", "ExpressionAttributeValues": placeholders(v=value)},
        ),
        (
            "UpdateItem",
            {
                "Key": KEY,
                "UpdateExpression": "SET #n = :v",
                "ExpressionAttributeNames": {"#n": name},
                "ExpressionAttributeValues": placeholders(v=N(1)),
            },
        ),
    ]


@pytest.mark.parametrize("case", range(len(writes("n"))))
def test_a_name_of_65535_bytes_is_the_longest(engine: Calls, table: str, case: int) -> None:
    operation, request = writes(LONGEST)[case]
    engine.call(operation, TableName=table, **request)
    operation, request = writes(TOO_LONG)[case]
    assert engine.invalid(operation, TableName=table, **request) == ENVELOPE + TOO_LARGE


def test_a_batch_write_refuses_a_long_name_bare(engine: Calls, table: str) -> None:
    put = {"PutRequest": {"Item": {**KEY, "x": M(**{TOO_LONG: N(1)})}}}
    assert engine.invalid("BatchWriteItem", RequestItems={table: [put]}) == TOO_LARGE


def test_a_scan_names_the_value_with_the_long_name(engine: Calls, table: str) -> None:
    values = placeholders(v=M(**{TOO_LONG: N(1)}))
    message = engine.invalid("Scan", TableName=table, FilterExpression="x = :v", ExpressionAttributeValues=values)
    assert message == f"ExpressionAttributeValues contains invalid value: {TOO_LARGE} for key :v"


@pytest.mark.parametrize("update", [{"Value": N(1)}, {"Action": "DELETE"}])
def test_attribute_updates_do_not_take_an_empty_name(engine: Calls, table: str, update: dict[str, Any]) -> None:
    message = engine.invalid("UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"": update})
    assert message == ENVELOPE + "Empty attribute name"


def test_an_update_does_not_store_an_empty_name_by_its_alias(engine: Calls, table: str) -> None:
    message = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET #n = :v",
        ExpressionAttributeNames={"#n": ""}, ExpressionAttributeValues=placeholders(v=N(1)),
    )  # fmt: skip
    assert message == ENVELOPE + "ExpressionAttributeNames contains invalid value: Empty attribute name for key #n"
    assert engine.get(table, **KEY) is None


@pytest.mark.parametrize(
    ("operation", "request_", "envelope"),
    [
        ("PutItem", {"Item": KEY, "Expected": {"": {"Exists": False}}}, ENVELOPE),
        ("DeleteItem", {"Key": KEY, "Expected": {"": {"Value": S("x")}}}, ENVELOPE),
        ("Scan", {"ScanFilter": {"": {"ComparisonOperator": "NULL"}}}, ""),
        ("GetItem", {"Key": KEY, "AttributesToGet": ["x", ""]}, ""),
    ],
)
def test_legacy_parameters_do_not_take_an_empty_name(
    engine: Calls, table: str, operation: str, request_: dict[str, Any], envelope: str
) -> None:
    assert engine.invalid(operation, TableName=table, **request_) == envelope + "Empty attribute name"
