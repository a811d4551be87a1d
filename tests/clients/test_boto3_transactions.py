"""boto3 carries out transactions: the client with the token it makes itself, the resource, error classes, a kill."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, NewTable, definition, index

pytestmark = pytest.mark.clients

ACCOUNTS = 8
OPENING_BALANCE = 100
TRANSFERS_BEFORE_KILL = 150
WRITERS = 4
FAULTS = """
[
  {"operation": "TransactWriteItems", "table": "accounts", "every": 7, "error": "TransactionConflictException"},
  {"operation": "TransactWriteItems", "table": "accounts", "every": 11, "error": "InternalServerError"},
  {"operation": "TransactWriteItems", "table": "accounts", "every": 13, "drop": "after"},
  {"operation": "TransactWriteItems", "table": "accounts", "every": 17, "drop": "before"}
]
"""


@pytest.fixture(scope="module")
def table(new_table: NewTable) -> str:
    return new_table()


def key(value: str) -> dict[str, Any]:
    return {"pk": {"S": value}}


def test_actions_of_every_kind_take_effect_together(client: Any, table: str) -> None:
    client.put_item(TableName=table, Item=key("deleted"))
    client.put_item(TableName=table, Item=key("checked"))
    update = {
        "TableName": table,
        "Key": key("updated"),
        "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": "3"}},
    }
    check = {"TableName": table, "Key": key("checked"), "ConditionExpression": "attribute_exists(pk)"}
    answer = client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": key("put") | {"x": {"S": "1"}}}},
            {"Update": update},
            {"Delete": {"TableName": table, "Key": key("deleted")}},
            {"ConditionCheck": check},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 8.0, "WriteCapacityUnits": 8.0}]
    names = ("put", "updated", "deleted", "checked")
    gets = [{"Get": {"TableName": table, "Key": key(name)}} for name in names]
    assert client.transact_get_items(TransactItems=gets)["Responses"] == [
        {"Item": key("put") | {"x": {"S": "1"}}},
        {"Item": key("updated") | {"n": {"N": "3"}}},
        {},
        {"Item": key("checked")},
    ]


def test_a_cancellation_raises_its_own_class_with_reasons_and_items(client: Any, table: str) -> None:
    item = key("guarded") | {"x": {"S": "1"}}
    client.put_item(TableName=table, Item=item)
    guarded = {
        "TableName": table,
        "Item": key("guarded"),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": key("never")}}, {"Put": guarded}]
        )
    assert cancelled.value.response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    )
    assert cancelled.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": item},
    ]
    assert "Item" not in client.get_item(TableName=table, Key=key("never"))


def test_a_token_makes_a_request_take_effect_once(client: Any, table: str) -> None:
    def add(amount: str) -> dict[str, Any]:
        update = {
            "TableName": table,
            "Key": key("counted"),
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": amount}},
        }
        answer: dict[str, Any] = client.transact_write_items(
            TransactItems=[{"Update": update}], ClientRequestToken="once", ReturnConsumedCapacity="TOTAL"
        )
        return answer

    assert "WriteCapacityUnits" in add("1")["ConsumedCapacity"][0]
    assert "ReadCapacityUnits" in add("1")["ConsumedCapacity"][0]
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        add("2")
    assert client.get_item(TableName=table, Key=key("counted"))["Item"]["n"] == {"N": "1"}


def test_the_resource_speaks_python_values_in_transactions(resource: Any, table: str) -> None:
    client = resource.meta.client
    item = {"pk": "python", "numbers": {1, 2}, "nested": {"list": [True, None]}}
    client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    answer = client.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": {"pk": "python"}}}])
    assert answer["Responses"] == [{"Item": item}]


# --- a kill -----------------------------------------------------------------------------------------------------------


def test_a_kill_leaves_every_transfer_whole(tmp_path: Path) -> None:
    """Transfers from several connections, with faults on demand, cut off by a kill: none is there by half, and none
    that was acknowledged is missing, neither in the table nor in the index nor in what the stream replays to."""
    options = ("--db-path", str(tmp_path / "data"), "--shard-rollover", "1")
    acknowledged = 0
    for life in range(2):
        server = servers.start_ddbengine(tmp_path / f"{life}.log", *options, "--faults", FAULTS)
        if life == 0:
            open_accounts(server)
        acknowledged += transfer_until_killed(server, life)
    with servers.ddbengine(tmp_path / "last.log", *options) as server, closing(connect(server)) as client:
        for members in ({"ConsistentRead": True}, {"IndexName": "by-bank"}):
            items = client.scan(TableName="accounts", **members)["Items"]
            assert len(items) == ACCOUNTS
            assert sum(int(item["balance"]["N"]) for item in items) == ACCOUNTS * OPENING_BALANCE
            assert sum(int(item["sent"]["N"]) for item in items) >= acknowledged
        replayed = replay(server)
        assert replayed == {item["pk"]["S"]: item for item in client.scan(TableName="accounts")["Items"]}


def replay(server: servers.Server) -> dict[str, Any]:
    """What the stream comes to, by key; each record follows the one before it."""
    held: dict[str, Any] = {}
    with closing(connect(server, "dynamodbstreams")) as streams:
        [stream] = streams.list_streams(TableName="accounts")["Streams"]
        of_stream = {"StreamArn": stream["StreamArn"]}
        for shard in streams.describe_stream(**of_stream)["StreamDescription"]["Shards"]:
            of_shard = of_stream | {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**of_shard)["ShardIterator"]
            while iterator is not None:
                page = streams.get_records(ShardIterator=iterator)
                for record in page["Records"]:
                    name, change = record["dynamodb"]["Keys"]["pk"]["S"], record["dynamodb"]
                    assert change.get("OldImage") == held.get(name)
                    held[name] = change["NewImage"]
                iterator = page.get("NextShardIterator") if page["Records"] else None
    return held


def connect(server: servers.Server, service: str = "dynamodb") -> Any:
    return boto3.client(service, endpoint_url=server.url, config=CONFIG, **CREDENTIALS)


def open_accounts(server: servers.Server) -> None:
    with closing(connect(server)) as client:
        by_bank = index("by-bank", "bank", "balance")
        attributes = {"bank": "S", "balance": "N"}
        streamed = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        client.create_table(
            **definition(
                "accounts", attributes=attributes, GlobalSecondaryIndexes=[by_bank], StreamSpecification=streamed
            )
        )
        opened = {"bank": {"S": "bank"}, "balance": {"N": str(OPENING_BALANCE)}, "sent": {"N": "0"}}
        puts = [{"Put": {"TableName": "accounts", "Item": key(str(number)) | opened}} for number in range(ACCOUNTS)]
        client.transact_write_items(TransactItems=puts)


def transfer_until_killed(server: servers.Server, life: int) -> int:
    """Move money from several connections at once, kill the server in the midst of it; return how many transfers it
    acknowledged."""
    acknowledged: list[int] = []
    enough, killed = threading.Event(), threading.Event()

    def write(writer: int) -> None:
        with closing(connect(server)) as client:
            for number in range(1_000_000):
                source = (writer + number) % ACCOUNTS
                target = (source + 1 + life) % ACCOUNTS
                try:
                    client.transact_write_items(TransactItems=[moved(source, -1, 1), moved(target, 1, 0)])
                except (ClientError, BotoCoreError):
                    if killed.is_set():
                        return
                    continue
                acknowledged.append(number)
                if len(acknowledged) >= TRANSFERS_BEFORE_KILL:
                    enough.set()

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in writers:
        thread.start()
    in_time = enough.wait(60)
    killed.set()
    server.kill()
    for thread in writers:
        thread.join()
    assert in_time, "the server did not take the transfers"
    return len(acknowledged)


def moved(account: int, amount: int, sent: int) -> dict[str, Any]:
    update = {
        "TableName": "accounts",
        "Key": key(str(account)),
        "UpdateExpression": "ADD balance :amount, sent :sent",
        "ExpressionAttributeValues": {":amount": {"N": str(amount)}, ":sent": {"N": str(sent)}},
    }
    return {"Update": update}
