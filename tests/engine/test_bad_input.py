"""Malformed requests of the item operations: always the service's error, never a fault of ours, and nothing written.

What the wire itself can get wrong is tested with the HTTP door; here requests are parsed JSON, however strange.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import NS, SS, B, L, M, N, S

TABLE = tables.table(
    sort="N",
    local=[tables.local_index("by-l", "l")],
    global_=[tables.global_index("by-g", "g", "h:N")],
    vector=[
        tables.vector_index("near", "vec", 1),
        tables.vector_index("near-g", "vec", 1, "DOT_PRODUCT", partition="g", filters=["x"]),
    ],
)

NAMES = st.sampled_from(["pk", "sk", "l", "g", "h", "x", "vec", "", "#a", ":v", "table"])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.sampled_from(["1", "AA==", "1e400", "table"]),
)  # fmt: skip
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Usually what it should be: a request with junk in every member is refused for the first one."""
    return st.integers(0, 19).flatmap(lambda chance: JUNK if chance == 19 else good)


TYPES = st.sampled_from(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "Q"])
GOOD_VALUES = st.sampled_from(
    [S("a"), N(1), S("b"), N(2), N("-0.5"), SS("a", "b"), NS(1, 2), L(N(1)), M(x=S("a")), {"BOOL": True}, B(b"a")]
)
BAD_VALUES = st.sampled_from([S(""), N("x"), SS("a", "a"), NS(), {}, {"NULL": False}, {"S": "a", "N": "1"}, B(b"")])
VALUES = mostly(GOOD_VALUES | BAD_VALUES | st.dictionaries(TYPES, JUNK, max_size=2))
KEYS = st.fixed_dictionaries({"pk": mostly(st.just(S("a"))), "sk": mostly(st.sampled_from([N(1), N(2)]))})
ITEMS = mostly(
    st.tuples(KEYS, st.dictionaries(NAMES, VALUES, max_size=3)).map(lambda parts: {**parts[1], **parts[0]})
    | st.dictionaries(NAMES, VALUES, max_size=4)
)
_OPERANDS = ["pk", "sk", "x", "g", "#a", ":v", ":w", "x.y", "x[0]", "size(x)", "if_not_exists(x, :v)", "x + :v", "é"]
_OPERAND = st.sampled_from(_OPERANDS)
_CONDITIONS = st.one_of(
    st.tuples(_OPERAND, st.sampled_from(["=", "<>", "<", ">="]), _OPERAND).map(" ".join),
    st.tuples(_OPERAND, st.just("BETWEEN"), _OPERAND, st.just("AND"), _OPERAND).map(" ".join),
    st.tuples(_OPERAND, _OPERAND).map(lambda pair: f"{pair[0]} IN ({pair[1]})"),
    st.tuples(st.sampled_from(["begins_with", "contains", "attribute_type", "size"]), _OPERAND, _OPERAND).map(
        lambda call: f"{call[0]}({call[1]}, {call[2]})"
    ),
    st.tuples(st.sampled_from(["attribute_exists", "attribute_not_exists"]), _OPERAND).map(lambda c: f"{c[0]}({c[1]})"),
)
CONDITIONS = mostly(st.lists(_CONDITIONS, max_size=3).map(" AND ".join))
_ACTIONS = st.one_of(
    st.tuples(_OPERAND, _OPERAND).map(lambda pair: f"SET {pair[0]} = {pair[1]}"),
    st.tuples(_OPERAND, _OPERAND).map(lambda pair: f"ADD {pair[0]} {pair[1]}"),
    st.tuples(_OPERAND, _OPERAND).map(lambda pair: f"DELETE {pair[0]} {pair[1]}"),
    _OPERAND.map(lambda path: f"REMOVE {path}"),
)
UPDATES = mostly(st.lists(_ACTIONS, max_size=3).map(" ".join))
PROJECTIONS = mostly(st.lists(_OPERAND, max_size=3).map(", ".join))
_OPERATORS = st.sampled_from(["EQ", "NE", "IN", "BETWEEN", "NULL", "BEGINS_WITH", "CONTAINS", "GT", "XX"])
CONDITION = st.fixed_dictionaries(
    {},
    optional={
        "ComparisonOperator": mostly(_OPERATORS),
        "AttributeValueList": mostly(st.lists(VALUES, max_size=3)),
        "Value": VALUES,
        "Exists": mostly(st.booleans()),
        "Action": mostly(st.sampled_from(["PUT", "ADD", "DELETE"])),
    },
)
LEGACY = mostly(st.dictionaries(NAMES, CONDITION, max_size=3))
_KEY_CONDITION = st.just({"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]})
WRITES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "PutRequest": st.fixed_dictionaries({"Item": ITEMS}),
            "DeleteRequest": st.fixed_dictionaries({"Key": KEYS | ITEMS}),
        },
    ),
    max_size=2,
)
GETS = st.fixed_dictionaries(
    {"Keys": st.lists(KEYS | ITEMS, max_size=2)}, optional={"ProjectionExpression": PROJECTIONS}
)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "Item": ITEMS,
    "Key": mostly(KEYS | ITEMS),
    "ConditionExpression": CONDITIONS,
    "UpdateExpression": UPDATES,
    "KeyConditionExpression": CONDITIONS | st.sampled_from(["pk = :v", "pk = :v AND sk > :w", "g = :v"]),
    "FilterExpression": CONDITIONS,
    "ProjectionExpression": PROJECTIONS,
    "ExpressionAttributeNames": mostly(st.dictionaries(st.sampled_from(["#a", "#b", ""]), NAMES, max_size=1)),
    "ExpressionAttributeValues": mostly(
        st.fixed_dictionaries({}, optional={":v": VALUES | st.just(S("a")), ":w": VALUES})
    ),
    "Expected": LEGACY,
    "AttributeUpdates": LEGACY,
    "KeyConditions": mostly(st.fixed_dictionaries({"pk": _KEY_CONDITION}, optional={"sk": CONDITION})),
    "QueryFilter": LEGACY,
    "ScanFilter": LEGACY,
    "ConditionalOperator": mostly(st.sampled_from(["AND", "OR"])),
    "AttributesToGet": mostly(st.lists(NAMES, max_size=3)),
    "ReturnValues": mostly(st.sampled_from(["NONE", "ALL_OLD", "UPDATED_NEW", "UPDATED_OLD", "ALL_NEW"])),
    "ReturnValuesOnConditionCheckFailure": mostly(st.sampled_from(["NONE", "ALL_OLD"])),
    "ReturnConsumedCapacity": mostly(st.sampled_from(["TOTAL", "INDEXES"])),
    "ReturnItemCollectionMetrics": mostly(st.just("SIZE")),
    "ExclusiveStartKey": mostly(KEYS | ITEMS),
    "IndexName": mostly(st.sampled_from(["by-l", "by-g", "near", "near-g", "nothing"])),
    "SearchVector": mostly(st.just([N(1)]) | st.lists(VALUES, max_size=2)),
    "TopK": mostly(st.integers(1, 3) | st.integers(-1, 102)),
    "SearchConditionExpression": CONDITIONS | st.sampled_from(["g = :v", "g = :v AND x = :w"]),
    "Limit": mostly(st.integers(-1, 3)),
    "Segment": mostly(st.integers(-1, 3)),
    "TotalSegments": mostly(st.integers(-1, 3)),
    "Select": mostly(st.sampled_from(["COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"])),
    "ConsistentRead": mostly(st.booleans()),
    "ScanIndexForward": mostly(st.booleans()),
    "RequestItems": mostly(
        st.dictionaries(st.sampled_from(["table", "table", "table", "missing"]), GETS | WRITES, max_size=2)
    ),
}
_CONDITION = "ConditionExpression ExpressionAttributeNames ExpressionAttributeValues Expected ConditionalOperator "
_WRITE = (
    _CONDITION + "ReturnValues ReturnValuesOnConditionCheckFailure ReturnConsumedCapacity ReturnItemCollectionMetrics "
)
_READ = (
    "FilterExpression ProjectionExpression AttributesToGet ExpressionAttributeNames ExpressionAttributeValues "
    "ExclusiveStartKey IndexName Limit Select ConditionalOperator ConsistentRead ReturnConsumedCapacity "
)
OPERATIONS = {
    "PutItem": "Item " + _WRITE,
    "UpdateItem": "Key UpdateExpression AttributeUpdates " + _WRITE,
    "DeleteItem": "Key " + _WRITE,
    "GetItem": "Key ProjectionExpression AttributesToGet ExpressionAttributeNames ConsistentRead",
    "Query": "KeyConditionExpression KeyConditions QueryFilter ScanIndexForward " + _READ,
    "Scan": "ScanFilter Segment TotalSegments " + _READ,
    "BatchGetItem": "RequestItems ReturnConsumedCapacity",
    "BatchWriteItem": "RequestItems ReturnConsumedCapacity ReturnItemCollectionMetrics",
    "SearchVectors": "IndexName SearchVector TopK SearchConditionExpression ProjectionExpression "
    "ExpressionAttributeNames ExpressionAttributeValues ReturnConsumedCapacity",
}
_NEEDED = ("Item", "Key", "RequestItems", "SearchVector", "TopK")


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_strange_requests_get_answers_or_refusals(operation: str, data: st.DataObject) -> None:
    """Strategy: members of the right name with anything inside, near misses preferred.  Invariants: only an ApiError
    with a 400 comes out, and a refused request leaves the store as it was.  Not covered: the wire below JSON."""
    members = {name: MEMBERS[name] for name in OPERATIONS[operation].split()}
    needed: dict[str, Any] = {name: members.pop(name) for name in _NEEDED if name in members}
    optional: dict[str, Any] = members
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        calls.create(TABLE)
        calls.put("table", {"pk": S("a"), "sk": N(1), "l": S("l"), "g": S("g"), "h": N(2), "x": S("x"), "vec": L(N(1))})
        for _ in range(4):
            request = data.draw(st.fixed_dictionaries(needed, optional=optional))
            if "RequestItems" not in needed:
                request["TableName"] = "table"
            before = calls.items("Scan", TableName="table")
            error = calls.error(operation, **request)
            if error is not None:
                assert error.status == 400
                assert calls.items("Scan", TableName="table") == before
        check_database(engine)
    finally:
        engine.close()


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(TABLE)
    engine.put(name, {"pk": S("a"), "sk": N(1)})
    return name


@pytest.mark.parametrize("depth", [33, 62, 100, 120])
@pytest.mark.parametrize("container", ["L", "M"])
def test_deeply_nested_values_are_refused(engine: Calls, table: str, depth: int, container: str) -> None:
    value: Any = S("x")
    for _ in range(depth):
        value = {"L": [value]} if container == "L" else {"M": {"m": value}}
    item = {"pk": S("a"), "sk": N(2), "v": value}
    assert engine.refusal("PutItem", TableName=table, Item=item).code == "ValidationException"
    assert len(engine.items("Scan", TableName=table)) == 1


@pytest.mark.parametrize("text", ["9" * 100_000, "1e" + "9" * 100_000, "0" * 100_000 + "x", "-" * 1000, "1." * 1000])
def test_vast_numbers_are_refused(engine: Calls, table: str, text: str) -> None:
    assert engine.invalid("PutItem", TableName=table, Item={"pk": S("a"), "sk": N(text)}) is not None


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 2000 + "x = :v" + ")" * 2000,
        "NOT " * 1000 + "x = :v",
        " AND ".join(["x = :v"] * 400),
        "x" + ".y" * 1000 + " = :v",
        "x" + "[0]" * 1000 + " = :v",
        "x[" + "9" * 1000 + "] = :v",
        "#" * 1000,
        "\x00",
        "x = :v;",
        "x = " + "é" * 2000,
    ],
)
def test_monstrous_expressions_are_refused(engine: Calls, table: str, expression: str) -> None:
    values = {":v": S("x")}
    put = {"TableName": table, "Item": {"pk": S("a"), "sk": N(1), "x": S("y")}, "ExpressionAttributeValues": values}
    assert engine.refusal("PutItem", **put, ConditionExpression=expression).code in (
        "ValidationException", "ConditionalCheckFailedException",
    )  # fmt: skip
    scan = {"TableName": table, "ExpressionAttributeValues": values}
    error = engine.error("Scan", **scan, FilterExpression=expression)
    assert error is None or error.code == "ValidationException"
    assert engine.items("Scan", TableName=table) == [{"pk": S("a"), "sk": N(1)}]
