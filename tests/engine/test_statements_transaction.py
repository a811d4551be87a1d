"""ExecuteTransaction: FACTS 5.14, 5.8, 6.4."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import Item, N, S


@pytest.fixture
def music(engine: Calls) -> str:
    name = engine.create(tables.table("music", sort="N", global_=[tables.global_index("gsi", "g")]))
    engine.put(name, *(item(sk) for sk in (1, 2, 3)))
    return name


def item(sk: int, **changed: Any) -> Item:
    return {"pk": S("a"), "sk": N(sk), "n": N(10 * sk), **changed}


def where(sk: int) -> str:
    return f"WHERE pk = 'a' AND sk = {sk}"


def wires(*statements: str | dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Statement": statement} if isinstance(statement, str) else statement for statement in statements]


def run(engine: Calls, *statements: str | dict[str, Any], **members: Any) -> dict[str, Any]:
    return engine.call("ExecuteTransaction", TransactStatements=wires(*statements), **members)


def contents(engine: Calls, music: str) -> list[Item]:
    return engine.items(
        "Query",
        TableName=music,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": S("a")},
    )


def test_reads_come_from_one_snapshot_in_order(engine: Calls, music: str) -> None:
    statements: list[str | dict[str, Any]] = [
        f"SELECT n FROM music {where(2)}",
        f"SELECT * FROM music {where(9)}",
        {"Statement": "SELECT * FROM music WHERE pk = ? AND sk = ?", "Parameters": [S("a"), N(1)]},
        f"SELECT nope FROM music {where(3)}",
    ]
    answer = run(engine, *statements)
    assert answer == {"Responses": [{"Item": {"n": N(20)}}, {}, {"Item": item(1)}, {"Item": {}}]}


def test_writes_are_done_together(engine: Calls, music: str) -> None:
    answer = run(
        engine,
        "INSERT INTO music VALUE {'pk': 'a', 'sk': 4, 'n': 40}",
        f"UPDATE music SET n = n + 1 {where(1)}",
        f"DELETE FROM music {where(2)} AND n = 20",
        f"EXISTS(SELECT * FROM music {where(3)} AND n > 20)",
    )
    assert answer == {"Responses": []}
    assert contents(engine, music) == [item(1, n=N(11)), item(3), item(4)]


CONDITION = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (f"UPDATE music SET n = 0 {where(9)}", CONDITION),
        (f"UPDATE music SET n = 0 {where(2)} AND n = 0", CONDITION),
        (f"DELETE FROM music {where(2)} AND n = 0", CONDITION),
        (f"EXISTS(SELECT * FROM music {where(2)} AND n = 0)", CONDITION),
        (f"EXISTS(SELECT * FROM music {where(9)} AND attribute_not_exists(n))", CONDITION),
        (
            "INSERT INTO music VALUE {'pk': 'a', 'sk': 2}",
            {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        ),
        (
            f"UPDATE music SET n = pk + 1 {where(2)}",
            {"Code": "ValidationError", "Message": "An operand in the update expression has an incorrect data type"},
        ),
        (
            "UPDATE music SET n = 1 WHERE pk = 1 AND sk = 1",
            {
                "Code": "ValidationError",
                "Message": "Key attribute's data type should match its data type in table's schema: Key pk",
            },
        ),
    ],
)
def test_one_statement_that_cannot_be_done_cancels_all(
    engine: Calls, music: str, statement: str, reason: dict[str, Any]
) -> None:
    before = contents(engine, music)
    refused = engine.refusal(
        "ExecuteTransaction", TransactStatements=wires(f"UPDATE music SET n = 0 {where(1)}", statement)
    )
    assert refused == Refusal(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [None, {reason['Code']}]",
        {"CancellationReasons": [{"Code": "None"}, reason]},
    )
    assert contents(engine, music) == before


def test_the_item_is_told_with_the_reason_if_asked(engine: Calls, music: str) -> None:
    statement = {
        "Statement": f"UPDATE music SET n = 0 {where(2)} AND n = 0",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    refused = engine.refusal("ExecuteTransaction", TransactStatements=[statement])
    assert refused.members["CancellationReasons"] == [{"Item": item(2), **CONDITION}]


NO_KEY = "Select statements within ExecuteTransaction must specify the primary key in the where clause."
NO_CONDITION = "EXISTS() must contain a single item read with additional condition"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT * FROM music WHERE pk = 'a'", NO_KEY),
        (f"SELECT * FROM music {where(1)} AND n = 10", NO_KEY),
        ("SELECT * FROM music", NO_KEY),
        ('SELECT * FROM "music"."gsi" WHERE g = \'x\'', "Reads on indices are not supported within transactions."),
        (f"EXISTS(SELECT * FROM music {where(1)})", NO_CONDITION),
        ("EXISTS(SELECT * FROM music WHERE pk = 'a' AND n = 10)", NO_CONDITION),
        (
            f"UPDATE music SET n = 1 {where(1)} RETURNING ALL OLD *",
            "RETURNING clause is not supported in ExecuteTransaction.",
        ),
        ("pk IS NULL", "Unsupported operation: IsType"),
        ("SELECT * FROM music WHERE", "Statement wasn't well formed, can't be processed: Unexpected term"),
    ],
)
def test_a_statement_that_has_no_place_in_a_transaction_is_told_with_its_number(
    engine: Calls, music: str, statement: str, message: str
) -> None:
    other = f"SELECT * FROM music {where(3)}" if statement.startswith("SELECT") else f"DELETE FROM music {where(3)}"
    refused = engine.invalid("ExecuteTransaction", TransactStatements=wires(other, statement))
    assert refused == f"Validation failed in TransactStatements[1]: {message}"


def test_a_bad_parameter_is_told_without_a_number(engine: Calls, music: str) -> None:
    statement = {"Statement": f"UPDATE music SET n = ? {where(1)}", "Parameters": [{"N": "1e999"}]}
    assert engine.invalid("ExecuteTransaction", TransactStatements=[statement]) == (
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    )


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            [f"SELECT * FROM music {where(1)}", f"DELETE FROM music {where(2)}"],
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        ),
        (
            [f"SELECT * FROM music {where(1)}", f"EXISTS(SELECT * FROM music {where(2)} AND n = 1)"],
            "ExecuteTransaction API does not support both read and write operations in the same request.",
        ),
        (
            [f"SELECT * FROM music {where(1)}", f"SELECT n FROM music {where(1)}"],
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            [f"UPDATE music SET n = 1 {where(1)}", f"EXISTS(SELECT * FROM music {where(1)} AND n = 1)"],
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            ["INSERT INTO music VALUE {'pk': '', 'sk': 1}"],
            "One or more parameter values are not valid. "
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
    ],
)
def test_what_is_wrong_with_the_request_refuses_it(
    engine: Calls, music: str, statements: list[str], message: str
) -> None:
    assert engine.invalid("ExecuteTransaction", TransactStatements=wires(*statements)) == message


def test_a_missing_table_is_not_found(engine: Calls, music: str) -> None:
    refused = engine.refusal(
        "ExecuteTransaction",
        TransactStatements=wires(f"DELETE FROM music {where(1)}", "DELETE FROM nowhere WHERE pk = 'a'"),
    )
    assert (refused.code, refused.message) == ("ResourceNotFoundException", "Requested resource not found")


def test_a_request_that_is_sent_again_is_answered_without_a_second_effect(engine: Calls, music: str) -> None:
    statement = f"UPDATE music SET n = n + 1 {where(1)}"
    first = run(engine, statement, ClientRequestToken="token", ReturnConsumedCapacity="TOTAL")
    again = run(engine, statement, ClientRequestToken="token", ReturnConsumedCapacity="TOTAL")
    assert contents(engine, music)[0] == item(1, n=N(11))
    assert first["ConsumedCapacity"] == [{"TableName": music, "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}]
    assert again["ConsumedCapacity"] == [{"TableName": music, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]
    other = wires(f"UPDATE music SET n = n + 2 {where(1)}")
    refused = engine.refusal("ExecuteTransaction", TransactStatements=other, ClientRequestToken="token")
    assert refused.code == "IdempotentParameterMismatchException"


def test_a_request_is_limited_to_four_megabytes(engine: Calls, music: str) -> None:
    statement = "INSERT INTO music VALUE {'pk': 'a', 'sk': ?, 'x': ?}"
    big = [{"Statement": statement, "Parameters": [N(sk), S("x" * 400_000)]} for sk in range(10, 21)]
    assert "Transaction payload size cannot exceed 4MB" in str(
        engine.invalid("ExecuteTransaction", TransactStatements=big)
    )


def test_reads_are_charged_double(engine: Calls, music: str) -> None:
    answer = run(engine, f"SELECT * FROM music {where(1)}", ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": music, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]


@pytest.mark.parametrize("count", [0, 101])
def test_a_transaction_has_1_to_100_statements(engine: Calls, music: str, count: int) -> None:
    statements = [f"SELECT * FROM music {where(sk)}" for sk in range(count)]
    refused = engine.invalid("ExecuteTransaction", TransactStatements=wires(*statements))
    assert "'transactStatements' failed to satisfy constraint" in str(refused)
