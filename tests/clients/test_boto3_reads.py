"""boto3 reads many items: Query and Scan on tables and indexes, their paginators, parallel scans, batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.clients.conftest import NewTable, index

pytestmark = pytest.mark.clients

ORDERS = 30


@pytest.fixture(scope="module")
def orders(client: Any, new_table: NewTable) -> str:
    """Three customers with ten orders each; two in three orders have a state."""
    name = new_table(
        "N",
        attributes={"state": "S", "total": "N"},
        LocalSecondaryIndexes=[index("by-total", "pk", "total", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index("by-state", "state", "total")],
    )
    for number in range(ORDERS):
        item = {"pk": {"S": f"customer {number % 3}"}, "sk": {"N": str(number)}, "total": {"N": str(1000 - number)}}
        if number % 2 == 0 or number % 3 == 0:
            item["state"] = {"S": "open" if number % 2 else "paid"}
        client.put_item(TableName=name, Item=item | {"note": {"S": "n" * 10}})
    return name


def query(customer: str, condition: str = "", **values: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "pk = :pk" + condition,
        "ExpressionAttributeValues": {":pk": {"S": customer}} | {f":{name}": {"N": n} for name, n in values.items()},
    }


def sort_keys(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["sk"]["N"]) for item in items]


def test_a_query_returns_one_partition_in_sort_key_order(client: Any, orders: str) -> None:
    answer = client.query(TableName=orders, **query("customer 1"))
    assert sort_keys(answer["Items"]) == list(range(1, ORDERS, 3))
    assert answer["Count"] == answer["ScannedCount"] == 10
    backwards = client.query(TableName=orders, ScanIndexForward=False, **query("customer 1"))
    assert backwards["Items"] == answer["Items"][::-1]


def test_a_query_may_bound_the_sort_key_and_filter_the_rest(client: Any, orders: str) -> None:
    asked = query("customer 0", " AND sk BETWEEN :low AND :high", low="3", high="12", least="992")
    answer = client.query(
        TableName=orders, FilterExpression="#t >= :least", ExpressionAttributeNames={"#t": "total"}, **asked
    )
    assert sort_keys(answer["Items"]) == [3, 6]
    assert (answer["Count"], answer["ScannedCount"]) == (2, 4)


@pytest.mark.parametrize("forward", [True, False])
def test_the_query_paginator_returns_every_item_once(client: Any, orders: str, forward: bool) -> None:
    paginator = client.get_paginator("query")
    pages = paginator.paginate(
        TableName=orders, ScanIndexForward=forward, PaginationConfig={"PageSize": 3}, **query("customer 2")
    )
    assert (
        sort_keys([item for page in pages for item in page["Items"]])
        == list(range(2, ORDERS, 3))[:: 1 if forward else -1]
    )


def test_a_local_index_orders_the_partition_by_another_attribute(client: Any, orders: str) -> None:
    answer = client.query(TableName=orders, IndexName="by-total", ConsistentRead=True, **query("customer 0"))
    assert sort_keys(answer["Items"]) == list(range(0, ORDERS, 3))[::-1]
    assert set(answer["Items"][0]) == {"pk", "sk", "total"}
    whole = client.query(TableName=orders, IndexName="by-total", Select="ALL_ATTRIBUTES", **query("customer 0"))
    assert whole["Items"][0]["note"] == {"S": "n" * 10}


def test_a_global_index_holds_the_items_that_have_its_key(client: Any, orders: str) -> None:
    answer = client.query(
        TableName=orders,
        IndexName="by-state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "open"}},
    )
    assert sort_keys(answer["Items"]) == [27, 21, 15, 9, 3]
    scanned = client.get_paginator("scan").paginate(
        TableName=orders, IndexName="by-state", PaginationConfig={"PageSize": 4}
    )
    states = [item["state"]["S"] for page in scanned for item in page["Items"]]
    assert (states.count("open"), states.count("paid")) == (5, 15)


def test_the_scan_paginator_returns_every_item_once(client: Any, orders: str) -> None:
    pages = list(client.get_paginator("scan").paginate(TableName=orders, PaginationConfig={"PageSize": 7}))
    assert sorted(sort_keys([item for page in pages for item in page["Items"]])) == list(range(ORDERS))
    assert len(pages) == 5


def test_a_page_is_continued_after_the_item_at_its_end_is_deleted(client: Any, new_table: NewTable) -> None:
    name = new_table("N")
    for number in range(6):
        client.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"N": str(number)}})
    first = client.query(TableName=name, Limit=3, **query("p"))
    client.delete_item(TableName=name, Key=first["LastEvaluatedKey"])
    rest = client.query(TableName=name, ExclusiveStartKey=first["LastEvaluatedKey"], **query("p"))
    assert sort_keys(rest["Items"]) == [3, 4, 5]


@pytest.mark.parametrize("segments", [1, 3, 8])
def test_the_segments_of_a_parallel_scan_share_out_the_items(client: Any, new_table: NewTable, segments: int) -> None:
    name = new_table()
    for number in range(40):
        client.put_item(TableName=name, Item={"pk": {"S": f"item {number}"}})

    def scan(segment: int) -> list[str]:
        pages = client.get_paginator("scan").paginate(
            TableName=name, Segment=segment, TotalSegments=segments, PaginationConfig={"PageSize": 5}
        )
        return [item["pk"]["S"] for page in pages for item in page["Items"]]

    with ThreadPoolExecutor(segments) as pool:
        found = [key for keys in pool.map(scan, range(segments)) for key in keys]
    assert sorted(found) == sorted(f"item {number}" for number in range(40))


def test_scan_count_returns_no_items(client: Any, orders: str) -> None:
    answer = client.scan(TableName=orders, Select="COUNT", FilterExpression="attribute_exists(#s)",
                         ExpressionAttributeNames={"#s": "state"})  # fmt: skip
    assert (answer["Count"], answer["ScannedCount"]) == (20, ORDERS)
    assert "Items" not in answer


def test_a_page_of_large_items_ends_at_a_megabyte(client: Any, new_table: NewTable) -> None:
    name = new_table("N")
    for number in range(20):
        client.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"N": str(number)}, "text": {"S": "x" * 60_000}})
    first = client.query(TableName=name, **query("p"))
    assert 15 <= first["Count"] < 20
    rest = client.query(TableName=name, ExclusiveStartKey=first["LastEvaluatedKey"], **query("p"))
    assert first["Count"] + rest["Count"] == 20
    assert "LastEvaluatedKey" not in rest


def test_batches_write_and_read_over_several_tables(client: Any, new_table: NewTable) -> None:
    plain, sorted_table = new_table(), new_table("N")
    items = {
        plain: [{"pk": {"S": f"{number}"}} for number in range(10)],
        sorted_table: [{"pk": {"S": "p"}, "sk": {"N": f"{number}"}} for number in range(10)],
    }
    requests = {table: [{"PutRequest": {"Item": item}} for item in rows] for table, rows in items.items()}
    assert client.batch_write_item(RequestItems=requests)["UnprocessedItems"] == {}
    answer = client.batch_get_item(RequestItems={table: {"Keys": rows} for table, rows in items.items()})
    assert answer["UnprocessedKeys"] == {}
    for table, rows in items.items():
        assert sorted(answer["Responses"][table], key=str) == sorted(rows, key=str)


def test_a_batch_of_over_sixteen_megabytes_leaves_keys_unprocessed(client: Any, new_table: NewTable) -> None:
    name = new_table()
    for number in range(50):
        client.put_item(TableName=name, Item={"pk": {"S": f"{number}"}, "text": {"S": "x" * 390_000}})
    wanted: dict[str, Any] = {name: {"Keys": [{"pk": {"S": f"{number}"}} for number in range(50)]}}
    found: list[str] = []
    rounds = 0
    while wanted:
        answer = client.batch_get_item(RequestItems=wanted)
        found += [item["pk"]["S"] for item in answer["Responses"][name]]
        wanted = answer["UnprocessedKeys"]
        rounds += 1
    assert rounds == 2
    assert sorted(found) == sorted(f"{number}" for number in range(50))
