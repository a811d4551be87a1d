"""Names and values of expressions are limited to 2 MB, each with its alias (FACTS 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import L, N, S, Value

LIMIT = 2 * 2**20
NAMES = "ExpressionAttributeNames exceeds max size"
VALUES = "ExpressionAttributeValues exceeds max size"
COMBINED = "Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size"


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table())


def text(size: int) -> Value:
    return S("x" * size)


def filtering(**values: Value) -> dict[str, Any]:
    return {
        "FilterExpression": " OR ".join(f"a = :{name}" for name in values),
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


def projecting(count: int, size: int) -> dict[str, Any]:
    """So many names, each of ``size`` bytes with its alias."""
    names = {f"#n{number:03}": f"{number:03}".ljust(size - 5, "n") for number in range(count)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}


def test_values_just_within_the_limit_are_taken(engine: Calls, table: str) -> None:
    assert engine.call("Scan", TableName=table, **filtering(v=text(LIMIT - 2)))["Count"] == 0
    assert engine.call("Scan", TableName=table, **filtering(v=text(LIMIT - 2003), w=text(1999)))["Count"] == 0


@pytest.mark.parametrize(
    "values",
    [
        {"v": text(LIMIT - 1)},
        {"v": text(LIMIT - 2003), "w": text(2000)},
        {"longer": text(LIMIT - 6)},
        {"v": text(LIMIT - 30), "list": L(*[N(1)] * 30)},
    ],
)
def test_values_over_the_limit_are_refused(engine: Calls, table: str, values: dict[str, Value]) -> None:
    assert engine.invalid("Scan", TableName=table, **filtering(**values)) == VALUES


def test_every_operation_with_expressions_has_the_limit(engine: Calls, table: str) -> None:
    values = {":v": text(LIMIT)}
    keyed = {"TableName": table, "Key": {"pk": S("a")}, "ExpressionAttributeValues": values}
    condition = {"ConditionExpression": "a = :v"}
    assert engine.invalid("DeleteItem", **keyed, **condition) == f"1 validation error detected: {VALUES}"
    assert engine.invalid("UpdateItem", **keyed, UpdateExpression="SET a = :v") == (
        f"1 validation error detected: {VALUES}"
    )
    query = {"TableName": table, "KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": values}
    assert engine.invalid("Query", **query) == VALUES
    assert engine.invalid("TransactWriteItems", TransactItems=[{"ConditionCheck": {**keyed, **condition}}]) == VALUES


def test_names_are_limited(engine: Calls, table: str) -> None:
    exactly = projecting(64, LIMIT // 64)
    assert engine.call("Scan", TableName=table, **exactly)["Count"] == 0
    exactly["ExpressionAttributeNames"]["#n000"] += "x"
    assert engine.invalid("Scan", TableName=table, **exactly) == NAMES


def test_names_and_values_are_limited_together(engine: Calls, table: str) -> None:
    names = projecting(32, LIMIT // 64)
    assert engine.call("Scan", TableName=table, **names, **filtering(v=text(LIMIT // 2 - 2)))["Count"] == 0
    assert engine.invalid("Scan", TableName=table, **names, **filtering(v=text(LIMIT // 2 - 1))) == COMBINED
