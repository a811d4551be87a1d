"""The stream of requests that both sides get: well-formed ones, all drawn from one seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.differential import expressions, generated_statements, malformed, values
from tests.differential.peers import Request
from tests.differential.tables import ALL, TABLES, Index, Table
from tests.differential.uncompared import only_takes_away

Draw = Callable[[Random, Table], Request]


def stream(random: Random, count: int) -> Iterator[Request]:
    """``count`` requests, one in six of them malformed."""
    draws = [draw for draw, weight in _WEIGHTS for _ in range(weight)]
    for _ in range(count):
        if random.random() < 1 / 6:
            yield malformed.draw(random)
        else:
            yield random.choice(draws)(random, random.choice(TABLES))


def _put(random: Random, table: Table) -> Request:
    body: dict[str, Any] = {"TableName": table.name, "Item": values.item(random, table)}
    return Request("PutItem", body | _conditions(random) | _write_options(random, ("NONE", "ALL_OLD")))


def _get(random: Random, table: Table) -> Request:
    body: dict[str, Any] = {"TableName": table.name, "Key": values.key(random, table)}
    if random.random() < 0.5:
        body["ConsistentRead"] = random.random() < 0.5
    return Request("GetItem", body | _projection(random) | _capacity(random))


def _update(random: Random, table: Table) -> Request:
    body: dict[str, Any] = {"TableName": table.name, "Key": values.key(random, table)}
    options = _write_options(random, ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"))
    draw = random.random()
    if draw < 0.05:
        # The emulator fails with UPDATED_OLD and UPDATED_NEW where there is nothing to update.
        options.pop("ReturnValues", None)
        return Request("UpdateItem", body | options)
    if draw < 0.2:
        body["AttributeUpdates"] = expressions.attribute_updates(random)
        if random.random() < 0.3:
            body["Expected"] = expressions.expected(random)
            if len(body["Expected"]) > 1:
                body["ConditionalOperator"] = random.choice(("AND", "OR"))
        return Request("UpdateItem", body | options)
    build = expressions.Builder(random)
    body["UpdateExpression"] = expressions.update(build)
    if random.random() < 0.3:
        body["ConditionExpression"] = expressions.condition(build)
    return Request("UpdateItem", body | build.members() | options)


def _delete(random: Random, table: Table) -> Request:
    body: dict[str, Any] = {"TableName": table.name, "Key": values.key(random, table)}
    return Request("DeleteItem", body | _conditions(random) | _write_options(random, ("NONE", "ALL_OLD")))


def _batch_get(random: Random, _: Table) -> Request:
    tables = {}
    for table in random.sample(TABLES, random.choice((1, 1, 2))):
        entry: dict[str, Any] = {"Keys": _distinct_keys(random, table, 5)}
        if random.random() < 0.3:
            entry["ConsistentRead"] = True
        if random.random() < 0.3:
            build = expressions.Builder(random)
            entry["ProjectionExpression"] = expressions.projection(build)
            entry |= build.members()
        tables[table.name] = entry
    return Request("BatchGetItem", {"RequestItems": tables} | _capacity(random))


def _batch_write(random: Random, _: Table) -> Request:
    tables = {}
    for table in random.sample(TABLES, random.choice((1, 1, 2))):
        tables[table.name] = [
            {"DeleteRequest": {"Key": key}}
            if random.random() < 0.3
            else {"PutRequest": {"Item": values.item(random, table) | key}}
            for key in _distinct_keys(random, table, 8)
        ]
    return Request("BatchWriteItem", {"RequestItems": tables} | _capacity(random) | _metrics(random))


def _transact_get(random: Random, _: Table) -> Request:
    gets = []
    for table in random.sample(TABLES, random.choice((1, 1, 2))):
        for key in _distinct_keys(random, table, 3):
            get: dict[str, Any] = {"TableName": table.name, "Key": key}
            if random.random() < 0.3:
                build = expressions.Builder(random)
                get["ProjectionExpression"] = expressions.projection(build)
                get |= build.members()
            gets.append({"Get": get})
    random.shuffle(gets)
    return Request("TransactGetItems", {"TransactItems": gets} | _capacity(random))


def _transact_write(random: Random, _: Table) -> Request:
    actions = [
        _action(random, table, key)
        for table in random.sample(TABLES, random.choice((1, 1, 2)))
        for key in _distinct_keys(random, table, 3)
    ]
    random.shuffle(actions)
    return Request("TransactWriteItems", {"TransactItems": actions} | _capacity(random) | _metrics(random))


def _action(random: Random, table: Table, key: values.Item) -> dict[str, Any]:
    """An action of TransactWriteItems."""
    build = expressions.Builder(random)
    kind = random.choice(("Put", "Put", "Update", "Update", "Delete", "ConditionCheck"))
    members: dict[str, Any] = {"TableName": table.name}
    members |= {"Item": values.item(random, table) | key} if kind == "Put" else {"Key": key}
    if kind == "Update":
        members["UpdateExpression"] = expressions.update(build)
        if only_takes_away(Request("UpdateItem", members)):  # known to be otherwise with the emulator
            return _action(random, table, key)
    if kind == "ConditionCheck" or random.random() < 0.2:
        members["ConditionExpression"] = expressions.condition(build)
        if random.random() < 0.3:
            members["ReturnValuesOnConditionCheckFailure"] = random.choice(("ALL_OLD", "NONE"))
    return {kind: members | build.members()}


def _distinct_keys(random: Random, table: Table, most: int) -> list[values.Item]:
    drawn = (values.key(random, table) for _ in range(random.randint(1, most)))
    return list({str(key): key for key in drawn}.values())


def _query(random: Random, table: Table) -> Request:
    index = _index(random, table)
    body = _read(random, table, index)
    body["ScanIndexForward"] = random.random() < 0.5
    if index is not None and not body["ScanIndexForward"]:
        # Paging backwards, the emulator loses entries that have the same index key.
        body.pop("Limit", None)
    if random.random() < 0.15:
        body["KeyConditions"] = expressions.key_conditions(random, table, index)
        return Request("Query", body | _legacy_filter(random, "QueryFilter"))
    build = expressions.Builder(random)
    body["KeyConditionExpression"] = expressions.key_condition(build, table, index)
    return Request("Query", body | _filter_and_projection(build, index) | build.members())


def _scan(random: Random, table: Table) -> Request:
    index = _index(random, table)
    body = _read(random, table, index)
    if index is not None and index.projection != ALL:
        # No filter: the emulator's sees what the index does not hold, the service's does not (FACTS 5.14).
        return Request("Scan", body)
    if random.random() < 0.15:
        return Request("Scan", body | _legacy_filter(random, "ScanFilter"))
    build = expressions.Builder(random)
    return Request("Scan", body | _filter_and_projection(build, index) | build.members())


def _parallel_scan(random: Random, table: Table) -> Request:
    # One segment of one: which items fall into which of several segments, the emulator decides by another hash.
    return Request("Scan", {"TableName": table.name, "TotalSegments": 1, "Segment": 0})


def _describe(random: Random, table: Table) -> Request:
    return Request("DescribeTable", {"TableName": table.name})


def _list_tables(random: Random, table: Table) -> Request:
    body: dict[str, Any] = {}
    if random.random() < 0.5:
        body["Limit"] = random.randint(1, 10)
    if random.random() < 0.5:
        body["ExclusiveStartTableName"] = random.choice((table.name, table.name + "-", "aaa", "diff-o"))
    return Request("ListTables", body)


def _index(random: Random, table: Table) -> Index | None:
    return random.choice(table.indexes) if table.indexes and random.random() < 0.5 else None


def _read(random: Random, table: Table, index: Index | None) -> dict[str, Any]:
    """What Query and Scan have in common."""
    body: dict[str, Any] = {"TableName": table.name} | _capacity(random)
    if index is not None:
        body["IndexName"] = index.name
    if random.random() < 0.4:
        body["Limit"] = random.randint(1, 5)
    if random.random() < 0.3:
        body["ConsistentRead"] = index is None or not index.is_global
    return body


def _filter_and_projection(build: expressions.Builder, index: Index | None) -> dict[str, Any]:
    random = build.random
    body: dict[str, Any] = {}
    if random.random() < 0.4:
        body["FilterExpression"] = expressions.condition(build)
    draw = random.random()
    if draw < 0.2:
        body["ProjectionExpression"] = expressions.projection(build)
    elif draw < 0.3:
        body["Select"] = "COUNT"
    elif draw < 0.35:
        body["Select"] = "ALL_ATTRIBUTES"
    elif draw < 0.4 and index is not None:
        body["Select"] = "ALL_PROJECTED_ATTRIBUTES"
    return body


def _legacy_filter(random: Random, member: str) -> dict[str, Any]:
    names = random.sample(values.NAMES, random.choice((1, 2)))
    body: dict[str, Any] = {member: {name: expressions.legacy_condition(random, name) for name in names}}
    if random.random() < 0.5:
        body["AttributesToGet"] = random.sample((*values.NAMES, "pk"), random.randint(1, 3))
    if len(names) > 1:
        body["ConditionalOperator"] = random.choice(("AND", "OR"))
    return body


def _projection(random: Random) -> dict[str, Any]:
    draw = random.random()
    if draw < 0.3:
        build = expressions.Builder(random)
        return {"ProjectionExpression": expressions.projection(build)} | build.members()
    if draw < 0.4:
        return {"AttributesToGet": random.sample((*values.NAMES, "pk"), random.randint(1, 3))}
    return {}


def _conditions(random: Random) -> dict[str, Any]:
    """A condition for PutItem and DeleteItem, or none."""
    draw = random.random()
    if draw < 0.3:
        build = expressions.Builder(random)
        return {"ConditionExpression": expressions.condition(build)} | build.members()
    if draw < 0.4:
        expected = expressions.expected(random)
        return {"Expected": expected} | ({"ConditionalOperator": "OR"} if len(expected) > 1 else {})
    return {}


def _write_options(random: Random, return_values: tuple[str, ...]) -> dict[str, Any]:
    options = _capacity(random) | _metrics(random)
    if random.random() < 0.5:
        options["ReturnValues"] = random.choice(return_values)
    if random.random() < 0.2:
        options["ReturnValuesOnConditionCheckFailure"] = random.choice(("ALL_OLD", "NONE"))
    return options


def _metrics(random: Random) -> dict[str, Any]:
    return {"ReturnItemCollectionMetrics": random.choice(("SIZE", "NONE"))} if random.random() < 0.2 else {}


def _capacity(random: Random) -> dict[str, Any]:
    return {"ReturnConsumedCapacity": random.choice(("TOTAL", "INDEXES", "NONE"))} if random.random() < 0.3 else {}


_WEIGHTS: tuple[tuple[Draw, int], ...] = (
    (_put, 22),
    (_get, 10),
    (_update, 24),
    (_delete, 6),
    (_batch_get, 4),
    (_batch_write, 4),
    (_transact_get, 3),
    (_transact_write, 8),
    (generated_statements.single, 8),
    (generated_statements.batch, 3),
    (generated_statements.transaction, 3),
    (_query, 18),
    (_scan, 9),
    (_parallel_scan, 1),
    (_describe, 1),
    (_list_tables, 1),
)
