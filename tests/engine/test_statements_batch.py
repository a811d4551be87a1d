"""BatchExecuteStatement: FACTS 5.14, 6.1."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import Item, N, S


@pytest.fixture
def music(engine: Calls) -> str:
    name = engine.create(tables.table("music", sort="N", global_=[tables.global_index("gsi", "g")]))
    engine.put(name, *(item(sk) for sk in (1, 2, 3)))
    return name


def item(sk: int, **changed: Any) -> Item:
    return {"pk": S("a"), "sk": N(sk), "n": N(10 * sk), **changed}


def run(engine: Calls, *statements: str | dict[str, Any], **members: Any) -> dict[str, Any]:
    wires = [{"Statement": statement} if isinstance(statement, str) else statement for statement in statements]
    return engine.call("BatchExecuteStatement", Statements=wires, **members)


def where(sk: int) -> str:
    return f"WHERE pk = 'a' AND sk = {sk}"


def failed(code: str, message: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}}


def test_reads_answer_one_by_one_and_a_missing_item_is_absent(engine: Calls, music: str) -> None:
    answer = run(
        engine,
        f"SELECT * FROM music {where(1)}",
        f"SELECT * FROM music {where(9)}",
        {"Statement": "SELECT n, x.y FROM music WHERE sk = ? AND pk = ?", "Parameters": [N(2), S("a")]},
        f"SELECT nope FROM music {where(3)}",
    )
    assert answer["Responses"] == [
        {"TableName": music, "Item": item(1)},
        {"TableName": music},
        {"TableName": music, "Item": {"n": N(20)}},
        {"TableName": music, "Item": {}},
    ]


NO_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM music WHERE pk = 'a'",
        "SELECT * FROM music WHERE pk = 'a' AND sk = 1 AND n = 10",
        "SELECT * FROM music WHERE pk = 'a' AND sk = 1 AND attribute_exists(n)",
        "SELECT * FROM music WHERE pk = 'a' AND sk IN [1]",
        'SELECT * FROM "music"."gsi" WHERE g = \'x\'',
        "SELECT * FROM music",
    ],
)
def test_a_read_names_exactly_one_item(engine: Calls, music: str, statement: str) -> None:
    assert run(engine, statement)["Responses"] == [failed("ValidationError", NO_KEY)]


def test_an_index_that_no_statement_can_read_is_told_before_the_missing_key(engine: Calls, music: str) -> None:
    wide = engine.create(tables.table("wide", global_=[tables.global_index("many", ["a", "b"])]))
    answer = run(engine, f'SELECT * FROM "{wide}"."many" WHERE a = \'x\'', f"SELECT * FROM music {where(1)}")
    refused = (
        "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    )
    assert answer["Responses"] == [failed("ValidationError", refused), {"TableName": music, "Item": item(1)}]


def test_a_column_that_is_no_path_fails_its_member(engine: Calls, music: str) -> None:
    answer = run(engine, f"SELECT COUNT(*) FROM music {where(1)}")
    assert answer["Responses"] == [failed("ValidationError", "Unexpected path component at 1:8:5")]


def test_a_member_that_fails_does_not_stop_the_others(engine: Calls, music: str) -> None:
    answer = run(
        engine,
        "INSERT INTO music VALUE {'pk': 'a', 'sk': 1}",
        f"UPDATE music SET n = 0 {where(2)} RETURNING MODIFIED OLD *",
        f"UPDATE music SET n = 0 {where(9)}",
        "UPDATE nowhere SET n = 0 WHERE pk = 1",
        "UPDATE music SET n = 0 WHERE pk = 'a'",
        {
            "Statement": f"DELETE FROM music {where(3)} AND n = ?",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "Parameters": [N(0)],
        },
        "pk IS NULL",
        {"Statement": "INSERT INTO music VALUE {'pk': 'a', 'sk': ?}", "Parameters": [{"N": "x"}]},
        "UPDATE music SET n = n + pk WHERE pk = 'b' AND sk = 1",
        "INSERT INTO music VALUE {'pk': 'a', 'sk': 4}",
        "DELETE FROM music WHERE pk = 'zz' AND sk = 1 RETURNING ALL OLD *",
    )
    on_table = {"TableName": music}
    condition = failed("ConditionalCheckFailed", "The conditional request failed") | on_table
    assert answer["Responses"] == [
        failed("DuplicateItem", "Duplicate primary key exists in table") | on_table,
        {"Item": {"n": N(20)}} | on_table,
        condition,
        failed("ResourceNotFound", "Requested resource not found"),
        failed("ValidationError", "Where clause does not contain a mandatory equality on all key attributes"),
        condition,
        failed("ValidationError", "Unsupported operation: IsType"),
        failed("ValidationError", "The parameter cannot be converted to a numeric value: x"),
        condition,
        on_table,
        on_table,
    ]
    found = engine.items(
        "Query", TableName=music, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": S("a")}
    )
    assert found == [item(1), item(2, n=N(0)), item(3), {"pk": S("a"), "sk": N(4)}]


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            [f"SELECT * FROM music {where(1)}", f"UPDATE music SET n = 1 {where(2)}"],
            "Read and write requests together in the same batch is not supported.",
        ),
        (
            [f"SELECT * FROM music {where(1)}", "SELECT n FROM music WHERE sk = 1.0 AND pk = 'a'"],
            "Provided list of item keys contains duplicates",
        ),
        (
            [f"UPDATE music SET n = 1 {where(2)}", f"DELETE FROM music {where(2)}"],
            "Provided list of item keys contains duplicates",
        ),
    ],
)
def test_what_is_wrong_with_the_batch_refuses_it(
    engine: Calls, music: str, statements: list[str], message: str
) -> None:
    wires = [{"Statement": statement} for statement in statements]
    assert engine.invalid("BatchExecuteStatement", Statements=wires) == message


@pytest.mark.parametrize("count", [0, 26])
def test_a_batch_has_1_to_25_statements(engine: Calls, music: str, count: int) -> None:
    wires = [{"Statement": f"SELECT * FROM music {where(sk)}"} for sk in range(count)]
    assert "'statements' failed to satisfy constraint" in str(engine.invalid("BatchExecuteStatement", Statements=wires))


def test_capacity_is_told_by_table_and_each_read_is_rounded_by_itself(engine: Calls, music: str) -> None:
    consistent = {"Statement": f"SELECT * FROM music {where(2)}", "ConsistentRead": True}
    answer = run(engine, f"SELECT * FROM music {where(1)}", consistent, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": music, "CapacityUnits": 1.5}]
    answer = run(engine, f"UPDATE music SET g = 'x' {where(1)}", ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == [
        {
            "TableName": music,
            "CapacityUnits": 2.0,
            "Table": {"CapacityUnits": 1.0},
            "GlobalSecondaryIndexes": {"gsi": {"CapacityUnits": 1.0}},
        }
    ]
