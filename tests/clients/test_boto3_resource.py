"""The boto3 resource: Python values, the conditions module, the batch writer, collections."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from tests.clients.conftest import NewTable, definition

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def table(resource: Any, new_table: NewTable) -> Any:
    return resource.Table(new_table("N"))


def test_python_values_come_back_as_they_were_put(table: Any) -> None:
    item = {
        "pk": "values",
        "sk": 1,
        "decimal": Decimal("3.14"),
        "large": Decimal("1E+37"),
        "binary": Binary(b"\x00\xff"),
        "strings": {"a", "b"},
        "numbers": {Decimal(1), Decimal("-2.5")},
        "binaries": {Binary(b"x")},
        "nested": {"list": [1, "two", None, True, {"deep": []}]},
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"pk": "values", "sk": 1})["Item"] == item


def test_conditions_are_built_by_the_conditions_module(table: Any) -> None:
    for number in range(5):
        table.put_item(Item={"pk": "conditions", "sk": number, "tags": ["a", "b"][: number % 3], "name": f"n{number}"})
    answer = table.query(
        KeyConditionExpression=Key("pk").eq("conditions") & Key("sk").between(1, 4),
        FilterExpression=Attr("tags").contains("b") | Attr("name").begins_with("n3"),
    )
    assert [item["sk"] for item in answer["Items"]] == [2, 3]
    scanned = table.scan(FilterExpression=Attr("pk").eq("conditions") & ~Attr("tags").size().gt(0))
    assert sorted(item["sk"] for item in scanned["Items"]) == [0, 3]


def test_the_batch_writer_writes_and_deletes(table: Any) -> None:
    with table.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": "batch", "sk": number})
    with table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
        for number in range(0, 60, 2):
            batch.delete_item(Key={"pk": "batch", "sk": number})
    answer = table.query(KeyConditionExpression=Key("pk").eq("batch"))
    assert [item["sk"] for item in answer["Items"]] == list(range(1, 60, 2))


def test_a_table_object_waits_reloads_counts_and_deletes(resource: Any) -> None:
    table = resource.create_table(**definition("resource-table"))
    table.wait_until_exists()
    table.put_item(Item={"pk": "a"})
    table.reload()
    assert (table.table_status, table.item_count) == ("ACTIVE", 1)
    assert table in list(resource.tables.all())
    table.delete()
    table.wait_until_not_exists()


def test_an_update_returns_python_values(table: Any) -> None:
    answer = table.update_item(
        Key={"pk": "counter", "sk": 0},
        UpdateExpression="ADD hits :one SET seen = :set",
        ExpressionAttributeValues={":one": 1, ":set": {"x"}},
        ConditionExpression=Attr("hits").not_exists(),
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {"pk": "counter", "sk": 0, "hits": 1, "seen": {"x"}}
