"""What is asked of every engine: the tables it is loaded with, and for each operation the requests and a sound answer.

``bench`` has 10,000 items of about 200 bytes, of which one in a hundred belongs to each of 100 groups; ``collections``
has 100 item collections of 100 such items.  Keys are drawn at random, the same for every engine.  A write never repeats
what is stored, which would leave an engine nothing to do: all items are written in one order, with other numbers each
time, and every measurement has a seed of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

ITEMS = 10_000
GROUPS = 100
COLLECTIONS = 100
COLLECTION_ITEMS = 100
PADDING = "x" * 140
BATCH = 25
QUERY_LIMIT = 25
SCAN_LIMIT = 500
GET_BATCH = 100
TRANSACTION = 10

Body = dict[str, Any]

TABLES: tuple[Body, ...] = (
    {
        "TableName": "bench",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
    {
        "TableName": "collections",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    },
)


def key(number: int) -> Body:
    return {"pk": {"S": f"user#{number:05}"}}


def item(number: int, value: int) -> Body:
    group = {"S": f"group#{number % GROUPS:02}"}
    return {**key(number), "n": {"N": str(value)}, "group": group, "data": {"S": PADDING}}


def load_batches() -> Iterator[Body]:
    """BatchWriteItem requests with all items of all tables."""
    for first in range(0, ITEMS, BATCH):
        yield _batch("bench", [item(number, number) for number in range(first, first + BATCH)])
    for collection in range(COLLECTIONS):
        for first in range(0, COLLECTION_ITEMS, BATCH):
            yield _batch("collections", [_member(collection, number) for number in range(first, first + BATCH)])


def _member(collection: int, number: int) -> Body:
    keys = {"pk": {"S": f"collection#{collection:02}"}, "sk": {"S": f"item#{number:05}"}}
    return {**keys, "n": {"N": str(number)}, "data": {"S": PADDING}}


def _batch(table: str, items: list[Body]) -> Body:
    return {"RequestItems": {table: [{"PutRequest": {"Item": each}} for each in items]}}


@dataclass(frozen=True, slots=True)
class Workload:
    title: str
    operation: str
    bodies: Callable[[Random], Iterator[Body]]
    """The requests of one measurement."""
    is_sound: Callable[[Body], bool]
    """Whether an answer to any of them holds what it should."""
    connections: int = 16


def _gets(random: Random) -> Iterator[Body]:
    for _ in range(20_000):
        yield {"TableName": "bench", "Key": key(random.randrange(ITEMS))}


def _written(random: Random) -> Iterator[tuple[int, int]]:
    """Numbers of items and their new values: two passes over all items in one order."""
    order = random.sample(range(ITEMS), ITEMS)
    value = random.randrange(10**9)
    for each in range(2):
        yield from ((number, value + each) for number in order)


def _puts(random: Random) -> Iterator[Body]:
    for number, value in _written(random):
        yield {"TableName": "bench", "Item": item(number, value)}


def _updates(random: Random) -> Iterator[Body]:
    for number, _ in _written(random):
        yield {
            "TableName": "bench",
            "Key": key(number),
            "UpdateExpression": "SET n = n + :i",
            "ExpressionAttributeValues": {":i": {"N": "1"}},
        }


def _queries(random: Random) -> Iterator[Body]:
    for _ in range(5_000):
        first = random.randrange(COLLECTION_ITEMS - QUERY_LIMIT)
        yield {
            "TableName": "collections",
            "KeyConditionExpression": "pk = :p AND sk >= :s",
            "ExpressionAttributeValues": {
                ":p": {"S": f"collection#{random.randrange(COLLECTIONS):02}"},
                ":s": {"S": f"item#{first:05}"},
            },
            "Limit": QUERY_LIMIT,
        }


def _scans(random: Random) -> Iterator[Body]:
    yield {"TableName": "bench", "Limit": SCAN_LIMIT}


def _filtered_scans(random: Random) -> Iterator[Body]:
    for group in range(GROUPS):
        yield {
            "TableName": "bench",
            "Limit": SCAN_LIMIT,
            "FilterExpression": "#g = :g AND n >= :n",
            "ExpressionAttributeNames": {"#g": "group"},
            "ExpressionAttributeValues": {":g": {"S": f"group#{group:02}"}, ":n": {"N": "0"}},
        }


def _by(size: int, random: Random) -> Iterator[list[Body]]:
    """New items, so many at a time, none of them twice in one list."""
    waiting: list[Body] = []
    for number, value in _written(random):
        waiting.append(item(number, value))
        if len(waiting) == size:
            yield waiting
            waiting = []


def _batch_writes(random: Random) -> Iterator[Body]:
    for items in _by(BATCH, random):
        yield _batch("bench", items)


def _batch_gets(random: Random) -> Iterator[Body]:
    for _ in range(1_000):
        numbers = random.sample(range(ITEMS), GET_BATCH)
        yield {"RequestItems": {"bench": {"Keys": [key(number) for number in numbers]}}}


def _transactions(random: Random) -> Iterator[Body]:
    for items in _by(TRANSACTION, random):
        yield {"TransactItems": [{"Put": {"TableName": "bench", "Item": each}} for each in items]}


def _statements(random: Random) -> Iterator[Body]:
    for _ in range(20_000):
        parameters = [key(random.randrange(ITEMS))["pk"]]
        yield {"Statement": 'SELECT * FROM "bench" WHERE pk = ?', "Parameters": parameters}


def _has_item(answer: Body) -> bool:
    return bool(answer["Item"]["data"] == {"S": PADDING})


def _has_row(answer: Body) -> bool:
    return len(answer["Items"]) == 1 and _has_item({"Item": answer["Items"][0]})


def _is_done(answer: Body) -> bool:
    return not answer.get("UnprocessedItems")


def _has_all(answer: Body) -> bool:
    return len(answer["Responses"]["bench"]) == GET_BATCH


def _scanned(answer: Body) -> bool:
    return bool(answer["ScannedCount"] == SCAN_LIMIT and answer["Count"] == len(answer["Items"]))


PUT = Workload("PutItem", "PutItem", _puts, _is_done)

WORKLOADS = (
    Workload("GetItem", "GetItem", _gets, _has_item),
    PUT,
    Workload("UpdateItem SET n = n + :i", "UpdateItem", _updates, _is_done),
    Workload("Query, 25 of 100 items", "Query", _queries, lambda answer: len(answer["Items"]) == QUERY_LIMIT),
    Workload("Scan, Limit 500", "Scan", _scans, lambda answer: _scanned(answer) and len(answer["Items"]) == SCAN_LIMIT),
    Workload(
        "Scan, Limit 500, filtered",
        "Scan",
        _filtered_scans,
        lambda answer: _scanned(answer) and answer["Count"] < SCAN_LIMIT / 10,
    ),
    Workload("BatchWriteItem of 25", "BatchWriteItem", _batch_writes, _is_done),
    Workload("BatchGetItem of 100", "BatchGetItem", _batch_gets, _has_all),
    Workload("TransactWriteItems of 10", "TransactWriteItems", _transactions, _is_done),
    Workload("PartiQL, by key", "ExecuteStatement", _statements, _has_row),
)

DURABLE = tuple(
    Workload(f"PutItem, {connections} connection{'s' * (connections > 1)}", "PutItem", _puts, _is_done, connections)
    for connections in (1, 16, 64)
)
"""Asked of engines with their data on disk, besides the others."""
