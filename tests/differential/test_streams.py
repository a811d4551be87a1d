"""The same writes to tables with streams on DynamoDB Local and on us leave the same records.

Strategy: a table for each view type, random puts, updates, deletes and transactions over a few keys and all kinds of
values; then the records of each stream side by side.  What each side makes up is left out: event ids, sequence numbers,
times and regions.  Requests that are refused must be refused alike, where the emulator answers as the service does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import prerequisites, servers
from tests.differential.peers import Peer, Request

pytestmark = pytest.mark.differential

VIEW_TYPES = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
WRITES = 150
VALUES: list[dict[str, Any]] = [
    {"S": ""},
    {"S": "ünï\n"},
    {"N": "1.50"},
    {"N": "-12345678901234567890"},
    {"N": "0"},
    {"B": "AAEC"},
    {"BOOL": True},
    {"NULL": True},
    {"SS": ["b", "a"]},
    {"NS": ["3", "1"]},
    {"BS": ["AA=="]},
    {"L": [{"S": "x"}, {"N": "7"}, {"L": []}]},
    {"M": {"a": {"S": "x"}, "ä": {"M": {}}}},
]

SENT = {
    "ListStreams": ("TableName", "Limit"),
    "DescribeStream": ("StreamArn", "Limit", "ExclusiveStartShardId"),
    "GetShardIterator": ("StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber"),
    "GetRecords": ("ShardIterator", "Limit"),
}
"""The parameters that the tests below send, for ``test_coverage``."""

Sides = tuple[Peer, Peer]


@pytest.fixture(scope="module")
def sides(server: servers.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    prerequisites.program("java")
    package = prerequisites.npm_package(Path(__file__).parent, servers.DYNAMODB_LOCAL_PACKAGE)
    log = tmp_path_factory.mktemp("dynamodb-local") / "log"
    with (
        servers.dynamodb_local(package, log) as local,
        Peer(local.port, is_emulator=True) as emulator,
        Peer(server.port) as ours,
    ):
        yield emulator, ours


def answered(peer: Peer, operation: str, **members: Any) -> Any:
    answer = peer.send(Request(operation, members))
    assert answer.status == 200, answer
    return answer.body


def created(peer: Peer, name: str, view_type: str) -> str:
    """Make a table with a stream; the stream's ARN."""
    definition = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view_type},
    }
    description: dict[str, str] = answered(peer, "CreateTable", **definition)["TableDescription"]
    return description["LatestStreamArn"]


def writes(chance: Random, name: str) -> Iterator[Request]:
    for _ in range(WRITES):
        key = {"pk": {"S": chance.choice("abc")}, "sk": {"N": chance.choice(["1", "2", "10"])}}
        value = chance.choice(VALUES)
        kind = chance.choice(("put", "put", "update", "delete", "transaction", "statement"))
        if kind == "put":
            yield Request("PutItem", {"TableName": name, "Item": {**key, "x": value}})
        elif kind == "update":
            update = {"UpdateExpression": "SET y = :y", "ExpressionAttributeValues": {":y": value}}
            yield Request("UpdateItem", {"TableName": name, "Key": key, **update})
        elif kind == "delete":
            yield Request("DeleteItem", {"TableName": name, "Key": key})
        elif kind == "transaction":
            other = {"pk": {"S": "z"}, "sk": key["sk"], "x": value}
            puts = [
                {"Put": {"TableName": name, "Item": {**key, "x": value}}},
                {"Put": {"TableName": name, "Item": other}},
            ]
            yield Request("TransactWriteItems", {"TransactItems": puts})
        else:
            statement = f'DELETE FROM "{name}" WHERE pk = ? AND sk = ?'
            yield Request("ExecuteStatement", {"Statement": statement, "Parameters": [key["pk"], key["sk"]]})


def records(peer: Peer, arn: str) -> list[dict[str, Any]]:
    """All records of a stream, without what the side has made up."""
    (shard,) = answered(peer, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    request = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = answered(peer, "GetShardIterator", **request)["ShardIterator"]
    found: list[dict[str, Any]] = []
    while page := answered(peer, "GetRecords", ShardIterator=iterator, Limit=50)["Records"]:
        found += page
        last = page[-1]["dynamodb"]["SequenceNumber"]
        request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
        iterator = answered(peer, "GetShardIterator", **request)["ShardIterator"]
    for record in found:
        del record["eventID"], record["awsRegion"], record["dynamodb"]["SequenceNumber"]
        del record["dynamodb"]["ApproximateCreationDateTime"]
        _sort_sets(record)
    return found


def _sort_sets(value: Any) -> None:
    """The order of a set's members says nothing."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("SS", "NS", "BS") and isinstance(member, list):
                member.sort()
            _sort_sets(member)
    elif isinstance(value, list):
        for member in value:
            _sort_sets(member)


@pytest.mark.parametrize("view_type", VIEW_TYPES)
def test_the_same_writes_leave_the_same_records(sides: Sides, view_type: str) -> None:
    name = f"streams-{view_type}"
    arns = [created(peer, name, view_type) for peer in sides]
    for request in writes(Random(view_type), name):
        statuses = {peer.send(request).status for peer in sides}
        assert len(statuses) == 1, request
    emulated, ours = (records(peer, arn) for peer, arn in zip(sides, arns, strict=True))
    assert len(ours) > WRITES / 4
    assert ours == emulated


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("ListStreams", {"Limit": 0}),
        ("ListStreams", {"Limit": 101}),
        ("DescribeStream", {}),
        ("DescribeStream", {"StreamArn": "ARN", "Limit": 0}),
        ("DescribeStream", {"StreamArn": "ARN", "Limit": 101}),
        ("DescribeStream", {"StreamArn": "ARN", "ExclusiveStartShardId": "short"}),
        ("GetShardIterator", {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}),
        ("GetShardIterator", {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": "1"}),
        ("GetShardIterator", {"ShardIteratorType": "LATEST", "SequenceNumber": "1" * 21}),
        ("GetRecords", {}),
        ("GetRecords", {"ShardIterator": ""}),
        ("GetRecords", {"ShardIterator": "garbage"}),
        ("GetRecords", {"ShardIterator": "ITERATOR", "Limit": 0}),
        ("GetRecords", {"ShardIterator": "ITERATOR", "Limit": 1001}),
    ],
)
def test_malformed_requests_are_refused_alike(sides: Sides, operation: str, members: dict[str, Any]) -> None:
    answers = []
    for peer in sides:
        arn = _refusing_stream(peer)
        (shard,) = answered(peer, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
        place = {"StreamArn": arn, "ShardId": shard["ShardId"]}
        filled = dict(members) if operation != "GetShardIterator" else {**place, **members}
        if filled.get("StreamArn") == "ARN":
            filled["StreamArn"] = arn
        if filled.get("ShardIterator") == "ITERATOR":
            iterator = answered(peer, "GetShardIterator", **place, ShardIteratorType="LATEST")
            filled["ShardIterator"] = iterator["ShardIterator"]
        answers.append(peer.send(Request(operation, filled)))
    emulated, ours = answers
    assert (ours.status, ours.error, ours.message) == (emulated.status, emulated.error, emulated.message)
    assert ours.status == 400


def _refusing_stream(peer: Peer) -> str:
    """The stream of the one table for refusals."""
    listed = answered(peer, "ListStreams", TableName="streams-refusing")["Streams"]
    return str(listed[0]["StreamArn"]) if listed else created(peer, "streams-refusing", "KEYS_ONLY")
