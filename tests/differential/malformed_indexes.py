"""Requests about secondary indexes with one thing wrong: reads, writes of index keys, and UpdateTable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.differential.peers import Request
from tests.differential.tables import REFUSALS, key_schema, throughput

Body = dict[str, Any]

_TABLE: Body = {"TableName": REFUSALS.name}
_KEY: Body = {"pk": {"S": "p"}, "sk": {"N": "1"}}
_LOCAL: Body = _TABLE | {
    "IndexName": "local-keys",
    "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "p"}},
}
_LOCAL_START: Body = _KEY | {"l2": {"N": "5"}}
_GLOBAL: Body = _TABLE | {
    "IndexName": "global-all",
    "KeyConditionExpression": "g1 = :g",
    "ExpressionAttributeValues": {":g": {"S": "g"}},
}
_GLOBAL_START: Body = _KEY | {"g1": {"S": "g"}, "g2": {"N": "5"}}


def _condition(query: Body, condition: str, **values: Body) -> Request:
    """The query with a further condition."""
    named = {f":{name}": value for name, value in values.items()}
    return Request(
        "Query",
        query
        | {
            "KeyConditionExpression": f"{query['KeyConditionExpression']} AND {condition}",
            "ExpressionAttributeValues": query["ExpressionAttributeValues"] | named,
        },
    )


def _starts(start: Body) -> Iterator[Body]:
    """Start keys that do not fit an index whose start keys are like this one."""
    yield from ({name: value for name, value in start.items() if name != missing} for missing in start)
    yield start | {"more": {"S": "x"}}
    yield start | {"pk": {"N": "1"}}
    last = list(start)[-1]
    yield start | {last: {"S": "5"}}
    yield start | {last: {"BOOL": True}}
    yield {}


def _reads() -> Iterator[Request]:
    for query, start in ((_LOCAL, _LOCAL_START), (_GLOBAL, _GLOBAL_START)):
        yield from (Request("Query", query | {"ExclusiveStartKey": bad}) for bad in _starts(start))
        scan = {name: value for name, value in query.items() if name in ("TableName", "IndexName")}
        yield from (Request("Scan", scan | {"ExclusiveStartKey": bad}) for bad in _starts(start))
        yield from (
            Request(operation, request | members)
            for operation, request in (("Query", query), ("Scan", scan))
            for members in (
                {"Select": "SPECIFIC_ATTRIBUTES"},
                {"Select": "COUNT", "ProjectionExpression": "pk"},
                {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "pk"},
                {"Select": "ALL_PROJECTED_ATTRIBUTES", "ProjectionExpression": "pk"},
                {"ProjectionExpression": "pk.a"},
            )
        )
    yield Request("Query", _LOCAL | {"ExclusiveStartKey": _LOCAL_START | {"pk": {"S": "q"}}})
    yield Request("Query", _GLOBAL | {"ExclusiveStartKey": _GLOBAL_START | {"g1": {"S": "h"}}})
    yield _condition(_LOCAL, "sk = :n", n={"N": "1"})
    yield _condition(_LOCAL, "l2 = :s", s={"S": "1"})
    yield _condition(_LOCAL, "begins_with(l2, :s)", s={"S": "1"})
    yield _condition(_LOCAL, "begins_with(l2, :n)", n={"N": "1"})
    yield _condition(_LOCAL, "l2 > :n AND sk = :n", n={"N": "1"})
    yield _condition(_GLOBAL, "pk = :s", s={"S": "p"})
    yield _condition(_GLOBAL, "g2 = :s", s={"S": "1"})
    yield Request("Query", _LOCAL | {"KeyConditionExpression": "l2 = :p"})
    yield Request("Query", _GLOBAL | {"KeyConditionExpression": "g1 > :g"})
    for name in ("pk", "l2", "a"):
        yield Request("Query", _LOCAL | {"FilterExpression": f"{name} = :p"})
    for name in ("g1", "g2"):
        yield Request("Query", _GLOBAL | {"FilterExpression": f"{name} = :g"})
    for name in ("l2.x", "g1[0]"):
        yield Request("Query", _LOCAL | {"ProjectionExpression": name})
    keys_only = _TABLE | {"IndexName": "global-keys"}
    yield Request("Scan", keys_only | {"Select": "ALL_ATTRIBUTES"})
    yield Request("Scan", keys_only | {"ProjectionExpression": "g2, a, m.x, a[0]", "Select": "SPECIFIC_ATTRIBUTES"})
    yield Request("Scan", keys_only | {"AttributesToGet": ["a"]})


def _writes() -> Iterator[Request]:
    values: tuple[Body, ...] = (
        {"g1": {"NULL": True}},
        {"g1": {"M": {}}},
        {"g1": {"S": ""}},
        {"g1": {"S": "x" * 2049}},
        {"l1": {"S": "x" * 1025}},
        {"l2": {"SS": ["1"]}},
        {"g3": {"B": ""}},
    )
    for value in values:
        yield Request("PutItem", _TABLE | {"Item": _KEY | value})
        yield Request("BatchWriteItem", {"RequestItems": {REFUSALS.name: [{"PutRequest": {"Item": _KEY | value}}]}})
        [(name, wire)] = value.items()
        updating = {"Key": _KEY, "UpdateExpression": f"SET {name} = :v", "ExpressionAttributeValues": {":v": wire}}
        yield Request("UpdateItem", _TABLE | updating)
        yield Request("TransactWriteItems", {"TransactItems": [{"Update": _TABLE | updating}]})
        changes = {"Key": _KEY, "AttributeUpdates": {name: {"Value": wire}}}
        yield Request("UpdateItem", _TABLE | changes)
    nested = {"Key": _KEY, "UpdateExpression": "SET g1.x = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
    yield Request("UpdateItem", _TABLE | nested)
    condition = {"ConditionExpression": "l2.x = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
    yield Request("DeleteItem", _TABLE | {"Key": _KEY} | condition)


def _update_tables() -> Iterator[Request]:
    create = {"IndexName": "new", "KeySchema": key_schema("g1"), "Projection": {"ProjectionType": "ALL"}}
    defined = {"AttributeDefinitions": [{"AttributeName": "g1", "AttributeType": "S"}]}
    units = {"ProvisionedThroughput": throughput(1, 1)}
    updates: tuple[list[Body], ...] = (
        [],
        [{}],
        [{"Delete": {"IndexName": "nowhere"}}],
        [{"Update": {"IndexName": "nowhere"} | units}],
        [{"Delete": {"IndexName": "local-all"}}],
        [{"Update": {"IndexName": "local-all"} | units}],
        [{"Create": create, "Delete": {"IndexName": "global-all"}}],
        [{"Delete": {"IndexName": "global-all"}}, {"Delete": {"IndexName": "global-all"}}],
        [{"Create": create}, {"Delete": {"IndexName": "global-all"}}],
        [{"Create": create | {"IndexName": "global-all"}}],
        [{"Create": create | {"IndexName": "local-all"}}],
        [{"Create": create | {"IndexName": "ab"}}],
        [{"Create": create | {"KeySchema": key_schema("g1", "g1")}}],
        [{"Create": create | {"KeySchema": key_schema("nowhere")}}],
        [{"Create": create | {"KeySchema": [{"AttributeName": "g1", "KeyType": "RANGE"}]}}],
        [{"Create": create | {"Projection": {"ProjectionType": "INCLUDE"}}}],
        [{"Create": create | {"Projection": {"ProjectionType": "ALL", "NonKeyAttributes": ["a"]}}}],
        [{"Create": create | {"Projection": {}}}],
    )
    yield from (Request("UpdateTable", _TABLE | defined | {"GlobalSecondaryIndexUpdates": each}) for each in updates)
    yield Request("UpdateTable", _TABLE | {"GlobalSecondaryIndexUpdates": [{"Create": create}]})
    # Last, since DynamoDB Local makes this index.
    yield Request("UpdateTable", _TABLE | defined | {"GlobalSecondaryIndexUpdates": [{"Create": create | units}]})


REQUESTS = (*_reads(), *_writes(), *_update_tables())
"""Each is refused by the service; what DynamoDB Local accepts of it is in ``known.txt``."""
