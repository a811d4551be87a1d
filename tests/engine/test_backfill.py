"""An index added to a table with items has an entry for each item that has its key, when UpdateTable answers."""

from __future__ import annotations

import time

from ddbengine.engine.purge import MORE, purge_plan
from tests import tables
from tests.engine.calls import Calls


def test_an_index_added_to_a_table_with_items_is_complete_and_counted(engine: Calls) -> None:
    table = engine.create(tables.table(sort="N"))
    for number in range(30):
        item = {"pk": {"S": "a"}, "sk": {"N": str(number)}}
        if number % 3 == 0:
            item["colour"] = {"S": "red"}
        if number % 3 == 1:
            item["colour"] = {"N": "7"}
        engine.put(table, item)
    action = {
        "IndexName": "by-colour",
        "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    engine.call(
        "UpdateTable",
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "colour", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": action}],
    )
    found = engine.items("Scan", TableName=table, IndexName="by-colour")
    assert sorted(int(item["sk"]["N"]) for item in found) == list(range(0, 30, 3))
    (described,) = engine.call("DescribeTable", TableName=table)["Table"]["GlobalSecondaryIndexes"]
    assert described["ItemCount"] == 10
    assert described["IndexSizeBytes"] > 0


def test_an_added_index_follows_the_items_from_then_on(engine: Calls) -> None:
    table = engine.create(tables.table())
    engine.put(table, {"pk": {"S": "a"}, "colour": {"S": "red"}})
    action = {
        "IndexName": "by-colour",
        "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    engine.call(
        "UpdateTable",
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "colour", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": action}],
    )
    engine.put(table, {"pk": {"S": "a"}, "colour": {"S": "blue"}}, {"pk": {"S": "b"}, "colour": {"S": "red"}})
    found = engine.items("Scan", TableName=table, IndexName="by-colour")
    assert {item["pk"]["S"]: item["colour"]["S"] for item in found} == {"a": "blue", "b": "red"}
    engine.call("UpdateTable", TableName=table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-colour"}}])
    assert "does not have the specified index" in str(engine.invalid("Scan", TableName=table, IndexName="by-colour"))
    engine.put(table, {"pk": {"S": "c"}, "colour": {"S": "green"}})
    while engine.engine.store.submit(purge_plan(time.time)).result().body == MORE:
        pass  # the housekeeper may be at it too; afterwards no row of the index may be left
