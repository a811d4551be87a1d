"""boto3 speaks PartiQL: statements, pages, batches, transactions, error classes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import NewTable

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def table(new_table: NewTable, client: Any) -> str:
    name = new_table("N")
    for number in range(5):
        client.execute_statement(
            Statement=f"INSERT INTO \"{name}\" VALUE {{'pk': 'a', 'sk': ?, 'blob': ?}}",
            Parameters=[{"N": str(number)}, {"B": b"\x00\xff"}],
        )
    return name


def test_a_select_comes_in_pages(client: Any, table: str) -> None:
    statement = {"Statement": f"SELECT sk FROM \"{table}\" WHERE pk = 'a' ORDER BY sk DESC", "Limit": 2}
    first = client.execute_statement(**statement)
    second = client.execute_statement(**statement, NextToken=first["NextToken"])
    assert [item["sk"]["N"] for item in first["Items"] + second["Items"]] == ["4", "3", "2", "1"]


def test_binary_comes_back_as_it_was_given(client: Any, table: str) -> None:
    found = client.execute_statement(
        Statement=f'SELECT "blob" FROM "{table}" WHERE pk = ? AND sk = ?', Parameters=[{"S": "a"}, {"N": "0"}]
    )
    assert found["Items"] == [{"blob": {"B": b"\x00\xff"}}]


def test_a_duplicate_is_an_exception_of_its_own(client: Any, table: str) -> None:
    with pytest.raises(client.exceptions.DuplicateItemException):
        client.execute_statement(Statement=f"INSERT INTO \"{table}\" VALUE {{'pk': 'a', 'sk': 0}}")


def test_a_batch_tells_of_each_statement(client: Any, table: str) -> None:
    statements = [{"Statement": f"SELECT sk FROM \"{table}\" WHERE pk = 'a' AND sk = {sk}"} for sk in (1, 99)]
    responses = client.batch_execute_statement(Statements=[*statements, {"Statement": "SELECT"}])["Responses"]
    assert responses[0] == {"TableName": table, "Item": {"sk": {"N": "1"}}}
    assert responses[1] == {"TableName": table}
    assert responses[2]["Error"]["Code"] == "ValidationError"


def test_a_transaction_is_cancelled_with_reasons(client: Any, table: str) -> None:
    statements = [
        {"Statement": f"UPDATE \"{table}\" SET x = 1 WHERE pk = 'a' AND sk = 1"},
        {"Statement": f"UPDATE \"{table}\" SET x = 1 WHERE pk = 'missing' AND sk = 1"},
    ]
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.execute_transaction(TransactStatements=statements)
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert client.execute_transaction(TransactStatements=statements[:1])["Responses"] == []
