"""A server that is as late as the cloud, as boto3 sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import servers
from tests.clients.conftest import CONFIG, CREDENTIALS, definition, index

pytestmark = pytest.mark.clients

ATTEMPTS = 20
"""A machine that is busy with something else may be later than the replicas are."""
QUICK = {"Delay": 1, "MaxAttempts": 60}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[servers.Server]:
    with servers.ddbengine(tmp_path / "log", "--realistic", "--db-path", str(tmp_path / "data")) as server:
        yield server


@pytest.fixture
def client(server: servers.Server) -> Iterator[Any]:
    with closing(boto3.client("dynamodb", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)) as client:
        yield client


def test_a_realistic_server_shows_an_application_how_late_the_cloud_is(client: Any) -> None:
    created = client.create_table(
        **definition("late", attributes={"colour": "S"}, GlobalSecondaryIndexes=[index("by-colour", "colour")])
    )
    assert created["TableDescription"]["TableStatus"] == "CREATING"
    assert client.describe_table(TableName="late")["Table"]["TableStatus"] == "CREATING"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="late", Key={"pk": {"S": "a"}})
    client.get_waiter("table_exists").wait(TableName="late", WaiterConfig=QUICK)
    seen = set()
    for number in range(ATTEMPTS):
        key = {"pk": {"S": str(number)}}
        client.put_item(TableName="late", Item=key | {"colour": {"S": "red"}})
        seen |= {("table", "Item" in client.get_item(TableName="late", Key=key)) for _ in range(3)}
        seen.add(("index", client.scan(TableName="late", IndexName="by-colour")["Count"] == number + 1))
        assert client.get_item(TableName="late", Key=key, ConsistentRead=True)["Item"]["colour"] == {"S": "red"}
        if {("table", False), ("index", False)} <= seen:
            break
    assert ("table", False) in seen, "replicas that follow show an item later"
    assert ("index", False) in seen, "so do indexes"


def test_a_table_of_a_realistic_server_has_several_shards(server: servers.Server, client: Any) -> None:
    streamed = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    client.create_table(**definition("wide", StreamSpecification=streamed))
    client.get_waiter("table_exists").wait(TableName="wide", WaiterConfig=QUICK)
    arn = client.describe_table(TableName="wide")["Table"]["LatestStreamArn"]
    with closing(boto3.client("dynamodbstreams", endpoint_url=server.url, config=CONFIG, **CREDENTIALS)) as streams:
        assert len(streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]) == 4
