"""Actions of TransactWriteItems and TransactGetItems, as a client writes them, and what comes of a transaction."""

from __future__ import annotations

from typing import Any

from tests.engine.calls import Calls
from tests.wire import Item

Action = dict[str, Any]
INVALID = "ValidationError"
UNMET = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
NONE = {"Code": "None"}


def put(table: str, item: Item, **members: Any) -> Action:
    return {"Put": {"TableName": table, "Item": item, **members}}


def update(table: str, key: Item, expression: str, **members: Any) -> Action:
    return {"Update": {"TableName": table, "Key": key, "UpdateExpression": expression, **members}}


def delete(table: str, key: Item, **members: Any) -> Action:
    return {"Delete": {"TableName": table, "Key": key, **members}}


def check(table: str, key: Item, condition: str, **members: Any) -> Action:
    return {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": condition, **members}}


def get(table: str, key: Item, **members: Any) -> Action:
    return {"Get": {"TableName": table, "Key": key, **members}}


def invalid(message: str) -> dict[str, Any]:
    """A cancellation reason."""
    return {"Code": INVALID, "Message": message}


def write(engine: Calls, *actions: Action, **members: Any) -> dict[str, Any]:
    return engine.call("TransactWriteItems", TransactItems=list(actions), **members)


def read(engine: Calls, *actions: Action, **members: Any) -> dict[str, Any]:
    return engine.call("TransactGetItems", TransactItems=list(actions), **members)


def reasons(engine: Calls, operation: str, *actions: Action, **members: Any) -> list[dict[str, Any]]:
    """The reasons for which a transaction is cancelled, after checking that the message lists their codes."""
    refusal = engine.refusal(operation, TransactItems=list(actions), **members)
    assert refusal.code == "TransactionCanceledException", refusal
    found: list[dict[str, Any]] = refusal.members["CancellationReasons"]
    codes = ", ".join(reason["Code"] for reason in found)
    assert refusal.message == f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return found


def cancellation(engine: Calls, *actions: Action, **members: Any) -> list[dict[str, Any]]:
    """The reasons for which a transaction of writes is cancelled."""
    return reasons(engine, "TransactWriteItems", *actions, **members)


def refused(engine: Calls, *actions: Action, **members: Any) -> str | None:
    """The message of the ValidationException that refuses a transaction of writes as a whole."""
    return engine.invalid("TransactWriteItems", TransactItems=list(actions), **members)
