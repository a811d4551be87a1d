"""Secondary indexes: which items they hold and what of them, kept through every kind of write.

FACTS 4.5, 5.6; ItemCollectionMetrics of 5.2.  The check after each test compares every entry with its item.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import B, Item, L, M, N, S, placeholders

LOCAL = (
    tables.local_index("l-all", "l:N"),
    tables.local_index("l-keys", "l:N", tables.KEYS_ONLY),
    tables.local_index("l-some", "l:N", tables.including("x", "m")),
)
GLOBAL = (
    tables.global_index("g-all", "g", "h:N"),
    tables.global_index("g-keys", "g", "h:N", tables.KEYS_ONLY),
    tables.global_index("g-some", "g", (), tables.including("x", "m")),
)
ITEM: Item = {
    "pk": S("a"), "sk": S("1"), "l": N(5), "g": S("g"), "h": N(7), "x": S("x"), "y": S("y"), "m": M(a=N(1), b=N(2)),
}  # fmt: skip
TABLE_KEY = ("pk", "sk")


def only(item: Item, *names: str) -> Item:
    return {name: value for name, value in item.items() if name in names}


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(sort="S", local=LOCAL, global_=GLOBAL))


def scan(engine: Calls, table: str, index: str, **members: Any) -> list[Item]:
    return engine.items("Scan", TableName=table, IndexName=index, **members)


# --- what an index holds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "names"),
    [
        ("l-all", tuple(ITEM)),
        ("l-keys", (*TABLE_KEY, "l")),
        ("l-some", (*TABLE_KEY, "l", "x", "m")),
        ("g-all", tuple(ITEM)),
        ("g-keys", (*TABLE_KEY, "g", "h")),
        ("g-some", (*TABLE_KEY, "g", "x", "m")),
    ],
)
def test_an_index_holds_keys_and_what_it_projects(
    engine: Calls, table: str, index: str, names: tuple[str, ...]
) -> None:
    engine.put(table, ITEM)
    assert scan(engine, table, index) == [only(ITEM, *names)]
    partition = {"g": S("g")} if index[0] == "g" else {"pk": S("a")}
    [(name, value)] = partition.items()
    answer = engine.call(
        "Query", TableName=table, IndexName=index, KeyConditionExpression=f"{name} = :v",
        ExpressionAttributeValues=placeholders(v=value),
    )  # fmt: skip
    assert answer["Items"] == [only(ITEM, *names)]


def test_an_item_without_an_index_key_attribute_is_not_in_the_index(engine: Calls, table: str) -> None:
    engine.put(table, only(ITEM, "pk", "sk", "g", "x"))
    held = {index: len(scan(engine, table, index)) for index in ("l-all", "l-keys", "g-all", "g-keys", "g-some")}
    assert held == {"l-all": 0, "l-keys": 0, "g-all": 0, "g-keys": 0, "g-some": 1}


def put(engine: Calls, table: str, item: Item) -> None:
    engine.put(table, item)


def put_in_a_batch(engine: Calls, table: str, item: Item) -> None:
    engine.call("BatchWriteItem", RequestItems={table: [{"PutRequest": {"Item": item}}]})


def update(engine: Calls, table: str, item: Item) -> None:
    rest = {name: value for name, value in item.items() if name not in TABLE_KEY}
    gone = [name for name in ITEM if name not in item]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in rest)
    if gone:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
    engine.call(
        "UpdateItem", TableName=table, Key=only(item, *TABLE_KEY), UpdateExpression=expression,
        ExpressionAttributeNames={f"#{name}": name for name in (*rest, *gone)},
        ExpressionAttributeValues={f":{name}": value for name, value in rest.items()},
    )  # fmt: skip


def update_the_old_way(engine: Calls, table: str, item: Item) -> None:
    changes: Item = {name: {"Value": value} for name, value in item.items() if name not in TABLE_KEY}
    changes |= {name: {"Action": "DELETE"} for name in ITEM if name not in item}
    engine.call("UpdateItem", TableName=table, Key=only(item, *TABLE_KEY), AttributeUpdates=changes)


@pytest.mark.parametrize("write", [put, put_in_a_batch, update, update_the_old_way])
@pytest.mark.parametrize(
    "changed",
    [
        {**ITEM, "l": N(6)},
        {**ITEM, "g": S("other"), "h": N(-7)},
        {**ITEM, "x": S("changed")},
        {**ITEM, "y": S("changed")},
        {name: value for name, value in ITEM.items() if name != "l"},
        {name: value for name, value in ITEM.items() if name != "h"},
        {name: value for name, value in ITEM.items() if name not in ("g", "l", "x")},
    ],
)
def test_indexes_follow_every_kind_of_write(engine: Calls, table: str, write: Any, changed: Item) -> None:
    neighbour = {**ITEM, "sk": S("2")}
    engine.put(table, ITEM, neighbour)
    write(engine, table, changed)
    found = engine.get(table, **only(ITEM, *TABLE_KEY))
    assert found == changed
    in_index = [item for item in scan(engine, table, "g-all") if item["sk"] == S("1")]
    assert in_index == ([changed] if "g" in changed and "h" in changed else [])


@pytest.mark.parametrize("batch", [False, True])
def test_deleted_items_leave_all_indexes(engine: Calls, table: str, batch: bool) -> None:
    engine.put(table, ITEM)
    key = only(ITEM, *TABLE_KEY)
    if batch:
        engine.call("BatchWriteItem", RequestItems={table: [{"DeleteRequest": {"Key": key}}]})
    else:
        engine.call("DeleteItem", TableName=table, Key=key)
    assert all(scan(engine, table, index["IndexName"]) == [] for index in (*LOCAL, *GLOBAL))


def test_a_refused_write_changes_no_index(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    bad = {**ITEM, "l": N(6), "h": S("not a number")}
    assert engine.invalid("PutItem", TableName=table, Item=bad) == (
        "One or more parameter values were invalid: "
        "Type mismatch for Index Key h Expected: N Actual: S IndexName: g-all"
    )
    assert scan(engine, table, "l-all") == [ITEM]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (N(1), "invalid: Type mismatch for Index Key x Expected: S Actual: N IndexName: b-2"),
        (L(S("y")), "invalid: Type mismatch for Index Key x Expected: S Actual: L IndexName: b-2"),
        (S(""), "cannot contain an empty string value. IndexName: b-2, IndexKey: x"),
    ],
)
def test_of_several_indexes_with_one_key_the_first_by_name_is_named(engine: Calls, value: Item, said: str) -> None:
    over_x = [tables.global_index(name, "x") for name in ("z-2", "b-2")]
    table = engine.create(
        tables.table(
            sort="S", local=[tables.local_index("a-1", "other"), tables.local_index("m-1", "x")], global_=over_x
        )
    )
    item = {"pk": S("a"), "sk": S("b"), "x": value}
    put = engine.invalid("PutItem", TableName=table, Item=item)
    batch = engine.invalid("BatchWriteItem", RequestItems={table: [{"PutRequest": {"Item": item}}]})
    refused = engine.refusal("TransactWriteItems", TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    reasons = refused.members.get("CancellationReasons", [{"Message": refused.message}])
    for message in (put, batch, reasons[0]["Message"]):
        assert str(message).endswith(said)


@pytest.mark.parametrize("kind", ["S", "B"])
def test_an_empty_index_key_is_refused(engine: Calls, kind: str) -> None:
    table = engine.create(tables.table(global_=[tables.global_index("by-g", f"g:{kind}")]))
    empty = S("") if kind == "S" else B(b"")
    word = {"S": "string", "B": "binary"}[kind]
    assert engine.invalid("PutItem", TableName=table, Item={"pk": S("a"), "g": empty}) == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        f"The AttributeValue for a key attribute cannot contain an empty {word} value. IndexName: by-g, IndexKey: g"
    )


def test_an_index_added_later_leaves_out_what_cannot_be_its_key(engine: Calls) -> None:
    table = engine.create(tables.table())
    fit = {"pk": S("fit"), "g": S("g")}
    unfit = [{"pk": S(str(n)), "g": value} for n, value in enumerate([N(1), S(""), S("g" * 2049), M(a=S("g"))])]
    engine.put(table, fit, *unfit)
    index = tables.global_index("later", "g")
    types = index.pop("types")
    engine.call(
        "UpdateTable", TableName=table, GlobalSecondaryIndexUpdates=[{"Create": index}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": types[name]} for name in types],
    )  # fmt: skip
    assert scan(engine, table, "later") == [fit]
    for item in unfit:
        update = {"TableName": table, "Key": only(item, "pk"), "ExpressionAttributeValues": placeholders(v=N(1))}
        engine.call("UpdateItem", **update, UpdateExpression="SET x = :v")
        assert engine.get(table, pk=item["pk"]) == {**item, "x": N(1)}
        message = engine.invalid("UpdateItem", **update, UpdateExpression="SET g = :v")
        assert message is not None
        assert "Type mismatch for Index Key g" in message
    assert scan(engine, table, "later") == [fit]


# --- reading an index -----------------------------------------------------------------------------------------------


def query(engine: Calls, table: str, index: str, **members: Any) -> dict[str, Any]:
    values = placeholders(v=S("a" if index[0] == "l" else "g"), **members.pop("values", {}))
    return engine.call(
        "Query", TableName=table, IndexName=index, ExpressionAttributeValues=values,
        KeyConditionExpression="pk = :v" if index[0] == "l" else "g = :v", **members,
    )  # fmt: skip


@pytest.mark.parametrize("forward", [True, False])
def test_a_local_index_sorts_its_partition_by_its_own_key(engine: Calls, table: str, forward: bool) -> None:
    order = [3, -1, 10, 2, -30]
    engine.put(table, *({"pk": S("a"), "sk": S(str(i)), "l": N(value)} for i, value in enumerate(order)))
    engine.put(table, {"pk": S("b"), "sk": S("0"), "l": N(0)})
    found = [int(item["l"]["N"]) for item in query(engine, table, "l-keys", ScanIndexForward=forward)["Items"]]
    assert found == sorted(order, reverse=not forward)


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("index", ["l-keys", "g-keys", "g-some"])
def test_equal_index_keys_are_paged_exactly(engine: Calls, table: str, index: str, limit: int, forward: bool) -> None:
    for number in range(10):
        engine.put(table, {"pk": S("a"), "sk": S(str(number)), "l": N(1), "g": S("g"), "h": N(number % 2)})
    members = {
        "TableName": table, "IndexName": index, "Limit": limit, "ScanIndexForward": forward,
        "KeyConditionExpression": "pk = :v" if index[0] == "l" else "g = :v",
        "ExpressionAttributeValues": placeholders(v=S("a" if index[0] == "l" else "g")),
    }  # fmt: skip
    pages = list(engine.pages("Query", **members))
    found = [item["sk"]["S"] for page in pages for item in page["Items"]]
    assert sorted(found) == [str(number) for number in range(10)]
    everything = engine.call("Query", **{**members, "Limit": 100})["Items"]
    assert found == [item["sk"]["S"] for item in everything]
    keys = {"l-keys": {"pk", "sk", "l"}, "g-keys": {"pk", "sk", "g", "h"}, "g-some": {"pk", "sk", "g"}}[index]
    assert all(set(page["LastEvaluatedKey"]) == keys for page in pages[:-1])


@pytest.mark.parametrize("forward", [True, False])
def test_pages_of_an_index_continue_when_the_item_at_the_key_is_gone(engine: Calls, table: str, forward: bool) -> None:
    for number in range(8):
        engine.put(table, {"pk": S("a"), "sk": S(str(number)), "g": S("g"), "h": N(number // 3)})
    everything = query(engine, table, "g-all", ScanIndexForward=forward)["Items"]
    page = query(engine, table, "g-all", Limit=4, ScanIndexForward=forward)
    start = page["LastEvaluatedKey"]
    engine.call("DeleteItem", TableName=table, Key=only(start, *TABLE_KEY))
    rest = query(engine, table, "g-all", ExclusiveStartKey=start, ScanIndexForward=forward)
    assert page["Items"] + rest["Items"] == everything


@pytest.mark.parametrize("operation", ["Query", "Scan"])
@pytest.mark.parametrize("forward", [True, False])
def test_a_page_of_an_index_ends_at_one_megabyte_of_entries(engine: Calls, operation: str, forward: bool) -> None:
    table = engine.create(
        tables.table(
            sort="N", local=[tables.local_index("all", "l"), tables.local_index("keys", "l", tables.KEYS_ONLY)]
        )
    )
    for number in range(20):
        engine.put(table, {"pk": S("a"), "sk": N(number), "l": S("l"), "x": S("x" * 60_000)})
    members: dict[str, Any] = {"TableName": table}
    if operation == "Query":
        members |= {
            "KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": placeholders(v=S("a")),
            "ScanIndexForward": forward,
        }  # fmt: skip
    pages = list(engine.pages(operation, IndexName="all", **members))
    assert [page["Count"] for page in pages] == [18, 2]
    assert sorted(int(item["sk"]["N"]) for page in pages for item in page["Items"]) == list(range(20))
    assert engine.call(operation, IndexName="keys", **members)["Count"] == 20


def test_a_local_index_fetches_what_it_does_not_hold(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    assert query(engine, table, "l-keys", ProjectionExpression="y, l")["Items"] == [only(ITEM, "y", "l")]
    assert query(engine, table, "l-keys", Select="ALL_ATTRIBUTES")["Items"] == [ITEM]
    assert query(engine, table, "l-keys", ProjectionExpression="m.a")["Items"] == [{"m": M(a=N(1))}]
    assert scan(engine, table, "l-keys", Select="ALL_ATTRIBUTES") == [ITEM]
    assert scan(engine, table, "l-some", ProjectionExpression="y") == [only(ITEM, "y")]


def test_select_all_projected_attributes(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    for index, names in (("l-keys", ("pk", "sk", "l")), ("g-some", ("pk", "sk", "g", "x", "m"))):
        answer = query(engine, table, index, Select="ALL_PROJECTED_ATTRIBUTES")
        assert answer["Items"] == [only(ITEM, *names)]


def test_select_count_of_an_index(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    assert query(engine, table, "g-keys", Select="COUNT") == {"Count": 1, "ScannedCount": 1}


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_a_global_index_refuses_what_it_does_not_hold(engine: Calls, table: str, operation: str) -> None:
    members: dict[str, Any] = {"TableName": table, "IndexName": "g-keys"}
    if operation == "Query":
        members |= {"KeyConditionExpression": "g = :v", "ExpressionAttributeValues": placeholders(v=S("g"))}
    message = engine.invalid(operation, **members, ProjectionExpression="g, x, m.a")
    assert message == (
        "One or more parameter values were invalid: Global secondary index g-keys does not project [x, m]"
    )
    message = engine.invalid(operation, **members, Select="ALL_ATTRIBUTES")
    assert message == (
        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported "
        "for global secondary index g-keys because its projection type is not ALL"
    )


def test_all_attributes_of_a_global_index_that_holds_all(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    assert query(engine, table, "g-all", Select="ALL_ATTRIBUTES")["Items"] == [ITEM]


@pytest.mark.parametrize("index", ["l-keys", "g-keys"])
def test_a_query_cannot_filter_on_what_the_index_does_not_hold(engine: Calls, table: str, index: str) -> None:
    condition = "pk = :v" if index[0] == "l" else "g = :v"
    message = engine.invalid(
        "Query", TableName=table, IndexName=index, KeyConditionExpression=condition,
        FilterExpression="y = :v", ExpressionAttributeValues=placeholders(v=S("y")),
    )  # fmt: skip
    assert message == (
        "One or more parameter values were invalid: "
        f"Secondary index {index} does not project one or more filter attributes: [y]"
    )


def test_consistent_reads_work_on_local_indexes_only(engine: Calls, table: str) -> None:
    engine.put(table, ITEM)
    assert query(engine, table, "l-all", ConsistentRead=True)["Count"] == 1
    message = engine.invalid(
        "Query", TableName=table, IndexName="g-all", ConsistentRead=True, KeyConditionExpression="g = :v",
        ExpressionAttributeValues=placeholders(v=S("g")),
    )  # fmt: skip
    assert message == "Consistent reads are not supported on global secondary indexes"


def test_a_global_index_may_use_the_tables_key_the_other_way_round(engine: Calls) -> None:
    table = engine.create(
        tables.table(sort="S", global_=[tables.global_index("swapped", "sk", "pk", tables.KEYS_ONLY)])
    )
    for number in range(6):
        engine.put(table, {"pk": S(f"p{number}"), "sk": S(str(number % 2)), "x": N(number)})
    answer = engine.call(
        "Query", TableName=table, IndexName="swapped", KeyConditionExpression="sk = :s AND pk > :p",
        ExpressionAttributeValues=placeholders(s=S("1"), p=S("p1")),
    )  # fmt: skip
    assert [item["pk"]["S"] for item in answer["Items"]] == ["p3", "p5"]
    page = engine.call("Scan", TableName=table, IndexName="swapped", Limit=1)
    assert set(page["LastEvaluatedKey"]) == {"pk", "sk"}


# --- counts and collections -----------------------------------------------------------------------------------------


def test_describe_table_counts_items_and_bytes(engine: Calls, table: str) -> None:
    engine.put(table, ITEM, {"pk": S("b"), "sk": S("1")})
    description = engine.call("DescribeTable", TableName=table)["Table"]
    assert (description["ItemCount"], description["TableSizeBytes"]) == (2, 36)
    counts = {
        index["IndexName"]: (index["ItemCount"], index["IndexSizeBytes"])
        for index in description["LocalSecondaryIndexes"] + description["GlobalSecondaryIndexes"]
    }
    # A map is 3 bytes, and each of its entries 1 and its name and its value: m is 1 + 3 + 2 * (1 + 1 + 2).
    sizes = {"pk": 3, "sk": 3, "l": 3, "g": 2, "h": 3, "x": 2, "y": 2, "m": 12}
    assert counts == {
        "l-all": (1, sum(sizes.values())),
        "l-keys": (1, 9),
        "l-some": (1, 9 + 2 + 12),
        "g-all": (1, sum(sizes.values())),
        "g-keys": (1, 11),
        "g-some": (1, 8 + 2 + 12),
    }


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_item_collection_metrics_on_tables_with_local_indexes(engine: Calls, table: str, operation: str) -> None:
    subject = {"Item": ITEM} if operation == "PutItem" else {"Key": only(ITEM, *TABLE_KEY)}
    answer = engine.call(operation, TableName=table, ReturnItemCollectionMetrics="SIZE", **subject)
    assert answer == {"ItemCollectionMetrics": {"ItemCollectionKey": {"pk": S("a")}, "SizeEstimateRangeGB": [0, 1]}}
    assert engine.call(operation, TableName=table, ReturnItemCollectionMetrics="NONE", **subject) == {}


def test_no_item_collection_metrics_without_a_local_index(engine: Calls) -> None:
    table = engine.create(tables.table(global_=[tables.global_index("by-g", "g")]))
    assert engine.call("PutItem", TableName=table, Item={"pk": S("a")}, ReturnItemCollectionMetrics="SIZE") == {}
