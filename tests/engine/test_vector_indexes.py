"""Vector indexes: what writes they take, which items they hold through every kind of write, and what that costs.

FACTS 5.15, 6.5.  The check after each test compares every entry and count with the items.
"""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine import _core
from tests import tables
from tests.engine.calls import Calls
from tests.tables import vector_index
from tests.wire import Item, L, N, S, Value, placeholders

INVALID = "One or more parameter values were invalid. "
EMPTY_TENANT = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
    "The AttributeValue for a key attribute cannot contain an empty string value. "
    "IndexName: schema, IndexKey: tenant"
)
WIDE = "12345678901234567890123456789012345678"


def given(values: dict[str, Value]) -> dict[str, Any]:
    return {"ExpressionAttributeValues": placeholders(**values)}


def vector(*numbers: int | str) -> Value:
    return L(*map(N, numbers))


@pytest.fixture
def table(engine: Calls) -> str:
    indexes = [vector_index("plain"), vector_index("schema", partition="tenant", filters=["kind"])]
    return engine.create(tables.table(vector=indexes))


def held(engine: Calls, index: str, **members: Any) -> set[str]:
    """The keys of the items that an index holds."""
    answer = engine.call(
        "SearchVectors", TableName="table", IndexName=index, SearchVector=vector(1, 0, 0)["L"], TopK=100, **members
    )
    return {result["Item"]["pk"]["S"] for result in answer["SearchResults"]}


def held_by_tenant(engine: Calls, tenant: str) -> set[str]:
    members = {"SearchConditionExpression": "tenant = :t", **given({"t": S(tenant)})}
    return held(engine, "schema", **members)


# --- writes that are refused ------------------------------------------------------------------------------------------

BAD_WRITES = [
    ({"v": vector(1, 0)}, f"{INVALID}Invalid size for parameter v, Expected: 3, Actual: 2 IndexName: plain"),
    ({"v": vector()}, f"{INVALID}Invalid size for parameter v, Expected: 3, Actual: 0 IndexName: plain"),
    (
        {"v": L(N(1), S("x"), N(0))},
        f"{INVALID}Invalid type for parameter v[1], Expected: 32-bit floating point number, Actual: S. "
        "IndexName: plain",
    ),
    (
        {"v": S("x")},
        f"{INVALID}Invalid type for parameter v, Expected: 32-bit floating point number list IndexName: plain",
    ),
    (
        {"v": vector(0, 0, "3.5E38")},
        f"{INVALID}Invalid value for parameter v[2], Value: 3.5E+38 is outside valid range "
        "[-3.4028235E38, 3.4028235E38]. IndexName: plain",
    ),
    (
        {"v": vector(1, 0, 0), "tenant": N(1)},
        f"{INVALID}Attribute 'tenant' type mismatch. Expected: S, Actual: N. IndexName: schema",
    ),
    ({"kind": N(1)}, f"{INVALID}Attribute 'kind' type mismatch. Expected: S, Actual: N. IndexName: schema"),
    (
        {"tenant": S("t" * 2049)},
        "One or more parameter values were invalid: Aggregate size for HASH key attributes exceeds the maximum of "
        "2048 bytes",
    ),
    (
        {"kind": S("k" * 10241)},
        "One or more parameter values were invalid: Size limit exceeded for SearchSchema attribute 'kind': "
        "maximum 10240 bytes",
    ),
]


@pytest.mark.parametrize(("attributes", "message"), BAD_WRITES)
def test_items_that_do_not_fit_an_index_are_refused_however_they_are_written(
    engine: Calls, table: str, attributes: Item, message: str
) -> None:
    item = {"pk": S("a"), **attributes}
    values = given(attributes)
    update = "SET " + ", ".join(f"{name} = :{name}" for name in attributes)
    assert engine.invalid("PutItem", TableName=table, Item=item) == message
    assert engine.invalid("BatchWriteItem", RequestItems={table: [{"PutRequest": {"Item": item}}]}) == message
    request = {"TableName": table, "Key": {"pk": S("a")}, "UpdateExpression": update, **values}
    assert engine.invalid("UpdateItem", **request) == message
    for action in ({"Put": {"TableName": table, "Item": item}}, {"Update": request}):
        refusal = engine.refusal("TransactWriteItems", TransactItems=[action])
        assert refusal.code == "TransactionCanceledException"
        assert refusal.members["CancellationReasons"] == [{"Code": "ValidationError", "Message": message}]
    assert engine.get(table, pk=S("a")) is None


def test_an_empty_partition_value_is_refused_as_an_empty_key_is(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "tenant": S("")}
    assert engine.invalid("PutItem", TableName=table, Item=item) == EMPTY_TENANT
    assert engine.invalid("TransactWriteItems", TransactItems=[{"Put": {"TableName": table, "Item": item}}]) == (
        EMPTY_TENANT
    )
    values = given({"t": S("")})
    update = {"TableName": table, "Key": {"pk": S("a")}, "UpdateExpression": "SET tenant = :t", **values}
    assert engine.invalid("UpdateItem", **update) == (
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
        "to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
    )


def test_an_empty_filter_value_is_accepted(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "tenant": S("t"), "kind": S(""), "v": vector(1, 0, 0)})
    assert held_by_tenant(engine, "t") == {"a"}


def test_an_item_older_than_an_index_stays_writable_where_it_does_not_fit(engine: Calls) -> None:
    engine.create(tables.table())
    engine.put("table", {"pk": S("a"), "v": S("no vector"), "tenant": N(7)})
    engine.call("UpdateTable", TableName="table", **tables.creation(vector_index("near", partition="tenant")))
    update = {"TableName": "table", "Key": {"pk": S("a")}}
    values = given({"x": vector(1, 2)})
    engine.call("UpdateItem", **update, UpdateExpression="SET x = :x", **values)
    assert "Invalid size for parameter v" in str(
        engine.invalid("UpdateItem", **update, UpdateExpression="SET v = :x", **values)
    )
    assert "Invalid type for parameter v" in str(
        engine.invalid("PutItem", TableName="table", Item=engine.get("table", pk=S("a")))
    )


def test_a_change_of_one_element_is_checked(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "v": vector(1, 0, 0)})
    update = {"TableName": table, "Key": {"pk": S("a")}}
    refusal = engine.invalid("UpdateItem", **update, UpdateExpression="SET v[3] = :x", **given({"x": N(1)}))
    assert refusal == f"{INVALID}Invalid size for parameter v, Expected: 3, Actual: 4 IndexName: plain"
    engine.call("UpdateItem", **update, UpdateExpression="SET v[0] = :x", **given({"x": N(-1)}))
    assert engine.get(table, pk=S("a")) == {"pk": S("a"), "v": vector(-1, 0, 0)}


# --- which items an index holds ---------------------------------------------------------------------------------------


def test_an_item_is_only_in_the_indexes_that_it_has_all_attributes_for(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("no-vector"), "tenant": S("t")}, {"pk": S("no-tenant"), "v": vector(1, 0, 0)})
    engine.put(table, {"pk": S("both"), "v": vector(0, 1, 0), "tenant": S("t")})
    assert held(engine, "plain") == {"no-tenant", "both"}
    assert held_by_tenant(engine, "t") == {"both"}


def test_an_index_follows_its_items(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "tenant": S("t1"), "v": vector(1, 0, 0)})
    update = {"TableName": table, "Key": {"pk": S("a")}}
    engine.call("UpdateItem", **update, UpdateExpression="SET tenant = :t", **given({"t": S("t2")}))
    assert (held_by_tenant(engine, "t1"), held_by_tenant(engine, "t2")) == (set(), {"a"})
    engine.call("UpdateItem", **update, UpdateExpression="REMOVE tenant")
    assert (held_by_tenant(engine, "t2"), held(engine, "plain")) == (set(), {"a"})
    engine.call("UpdateItem", **update, UpdateExpression="REMOVE v")
    assert held(engine, "plain") == set()
    engine.put(table, {"pk": S("a"), "tenant": S("t1"), "v": vector(1, 0, 0)})
    engine.call("TransactWriteItems", TransactItems=[{"Delete": {"TableName": table, "Key": {"pk": S("a")}}}])
    assert (held_by_tenant(engine, "t1"), held(engine, "plain")) == (set(), set())


def test_one_set_of_numbers_is_as_good_as_another_for_an_index(engine: Calls, table: str) -> None:
    """The entry stays as it is, but what the table's size counts less does not."""
    engine.put(table, {"pk": S("a"), "v": vector("0.1", 0, 0)})
    engine.put(table, {"pk": S("a"), "v": vector("0.10000000000000000000000000001", 0, 0)})
    assert held(engine, "plain") == {"a"}


# --- sizes and capacity -----------------------------------------------------------------------------------------------


def described(engine: Calls) -> dict[str, Any]:
    table: dict[str, Any] = engine.call("DescribeTable", TableName="table")["Table"]
    return table


def test_each_element_of_a_vector_counts_four_bytes_in_sizes(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("a"), "v": vector(WIDE, WIDE, WIDE), "x": S("xx")})
    size = len("pk") + len("a") + len("v") + 3 * 4 + len("x") + len("xx")
    assert described(engine)["TableSizeBytes"] == size
    plain, schema = described(engine)["VectorIndexes"]
    assert (plain["ItemCount"], plain["IndexSizeBytes"]) == (1, size)
    assert (schema["ItemCount"], schema["IndexSizeBytes"]) == (0, 0)


def test_the_sizes_of_a_table_follow_its_vector_indexes(engine: Calls) -> None:
    engine.create(tables.table())
    item = {"pk": S("a"), "v": vector(WIDE, WIDE, WIDE)}
    engine.put("table", item)
    by_numbers = _core.encode_item(item)[1]
    assert described(engine)["TableSizeBytes"] == by_numbers
    engine.call("UpdateTable", TableName="table", **tables.creation(vector_index("near")))
    assert described(engine)["TableSizeBytes"] == 4 + 3 * 4
    engine.call("UpdateTable", TableName="table", VectorIndexUpdates=[{"Delete": {"IndexName": "near"}}])
    assert described(engine)["TableSizeBytes"] == by_numbers


def padded(size: int, elements: int = 3) -> Item:
    """An item of a size, each of its vector's elements counted as four bytes."""
    fixed = len("pk") + len("a") + len("v") + 4 * elements + len("p")
    return {"pk": S("a"), "v": vector(*[WIDE] * elements), "p": S("p" * (size - fixed))}


def put(engine: Calls, item: Item, detail: str = "INDEXES") -> dict[str, Any]:
    answer = engine.call("PutItem", TableName="table", Item=item, ReturnConsumedCapacity=detail)
    consumed: dict[str, Any] = answer["ConsumedCapacity"]
    return consumed


def written(engine: Calls, item: Item) -> dict[str, float]:
    """The bytes written to each vector index that are reported."""
    arms = put(engine, item).get("VectorIndexes", {})
    return {name: arm["VectorWriteRequestBytes"] for name, arm in arms.items()}


def test_a_write_is_charged_four_bytes_for_each_element(engine: Calls, table: str) -> None:
    assert put(engine, padded(1024))["Table"] == {"CapacityUnits": 1.0}
    assert put(engine, padded(1025))["Table"] == {"CapacityUnits": 2.0}


def test_a_read_is_charged_for_the_numbers(engine: Calls, table: str) -> None:
    engine.put(table, padded(4096))
    answer = engine.call(
        "GetItem", TableName=table, Key={"pk": S("a")}, ConsistentRead=True, ReturnConsumedCapacity="TOTAL"
    )
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 2.0


def test_an_item_is_held_to_the_size_limit_with_its_numbers(engine: Calls, table: str) -> None:
    by_numbers = 3 + 3 * (1 + 20) - 3 * 4
    engine.put(table, padded(409_600 - by_numbers))
    assert engine.invalid("PutItem", TableName=table, Item=padded(409_601 - by_numbers)) == (
        "Item size has exceeded the maximum allowed size"
    )


def test_bytes_written_to_vector_indexes_are_reported_beside_the_units(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "v": vector(0, 1, 0)}
    assert put(engine, item) == {
        "TableName": table,
        "CapacityUnits": 1.0,
        "Table": {"CapacityUnits": 1.0},
        "VectorIndexes": {"plain": {"VectorWriteRequestBytes": 1024.0}},
    }
    assert "VectorIndexes" not in put(engine, item), "nothing changed"
    assert put(engine, {**item, "pk": S("b")}, "TOTAL") == {"TableName": table, "CapacityUnits": 1.0}


def test_an_index_is_charged_for_what_it_stores(engine: Calls) -> None:
    indexes = [
        vector_index("all"),
        vector_index("keys", projection=tables.KEYS_ONLY),
        vector_index("six", "sixdimensions", 6),
    ]
    engine.create(tables.table(vector=indexes))
    item = {"pk": S("a"), "v": vector(1, 0, 0), "x": S("x" * 1500)}
    assert written(engine, item) == {"all": 3 + 1 + 12 + 1 + 1500, "keys": 1024.0}
    assert written(engine, {**item, "y": S("y")}) == {"all": 3 + 1 + 12 + 1 + 1500 + 2}
    assert written(engine, {**item, "y": S("y")}) == {}
    assert written(engine, {"pk": S("b"), "x": S("x")}) == {}
    six = {"pk": S("c"), "sixdimensions": vector(*range(6)), "x": S("x" * 1500)}
    assert written(engine, six) == {"six": 3 + 13 + 24 + 1 + 1500}


def test_a_transaction_and_a_batch_report_vector_indexes_too(engine: Calls, table: str) -> None:
    item = {"pk": S("a"), "v": vector(1, 0, 0)}
    (consumed,) = engine.call(
        "TransactWriteItems",
        TransactItems=[{"Put": {"TableName": table, "Item": item}}],
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert consumed["VectorIndexes"] == {"plain": {"VectorWriteRequestBytes": 1024.0}}
    puts = [{"PutRequest": {"Item": {**item, "pk": S(key)}}} for key in "bc"]
    (consumed,) = engine.call("BatchWriteItem", RequestItems={table: puts}, ReturnConsumedCapacity="INDEXES")[
        "ConsumedCapacity"
    ]
    assert consumed["VectorIndexes"] == {"plain": {"VectorWriteRequestBytes": 2048.0}}
