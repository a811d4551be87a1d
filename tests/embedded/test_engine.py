"""ddbengine.open and the methods of Engine."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest

import ddbengine
from ddbengine import exceptions
from ddbengine.api.requests import check
from ddbengine.embedded.engine import FaultsSource
from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
from tests.embedded.conftest import TABLE, definition, key


def test_a_program_puts_and_gets_items_in_dynamodb_json(engine: ddbengine.Engine) -> None:
    item = key() | {"n": {"N": "1"}, "l": {"L": [{"BOOL": True}, {"NULL": True}]}, "b": {"B": "AAE="}}
    assert engine.put_item(TableName=TABLE, Item=item) == {}
    assert engine.get_item(TableName=TABLE, Key=key(), ConsistentRead=True) == {"Item": item}
    assert engine.get_item(TableName=TABLE, Key=key("none")) == {}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"ReturnConsumedCapacity": "TOTAL"},
        {"ReturnConsumedCapacity": "INDEXES", "ConsistentRead": True},
        {"ProjectionExpression": "l[1], m.k", "ReturnConsumedCapacity": "TOTAL"},
        {"AttributesToGet": ["nothing"]},
    ],
)
def test_an_item_read_in_the_process_is_what_a_client_gets(engine: ddbengine.Engine, members: dict[str, Any]) -> None:
    values = {
        "b": {"B": "AAE="},
        "l": {"L": [{"BOOL": False}, {"NULL": True}, {"N": "-0.5"}]},
        "m": {"M": {"k": {"S": "ä\x00"}}},
        "s": {"SS": ["x", "y"]},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": ["AA==", "AQ=="]},
    }
    engine.put_item(TableName=TABLE, Item=key() | values)
    for wanted in (key(), key("none")):
        request = {"TableName": TABLE, "Key": wanted, **members}
        over_http = orjson.loads(engine._engine.execute("GetItem", check("GetItem", request), engine._caller))
        assert engine.get_item(**request) == over_http
        assert asyncio.run(engine.aio.get_item(**request)) == over_http


def test_an_update_answers_with_what_it_is_asked_for(engine: ddbengine.Engine) -> None:
    for expected in ("1", "2"):
        answer = engine.update_item(
            TableName=TABLE,
            Key=key(),
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        assert answer == {"Attributes": {"n": {"N": expected}}}


def test_what_is_on_disk_is_there_when_the_path_is_opened_again(tmp_path: Path) -> None:
    with ddbengine.open(tmp_path / "store") as engine:
        engine.create_table(**definition())
        engine.put_item(TableName=TABLE, Item=key())
    with ddbengine.open(str(tmp_path / "store")) as engine:
        assert engine.scan(TableName=TABLE)["Items"] == [key()]


def test_a_path_that_is_open_already_cannot_be_opened(tmp_path: Path) -> None:
    with (
        ddbengine.open(tmp_path / "store", replicas=1),
        pytest.raises(exceptions.CannotOpen, match="store"),
    ):
        ddbengine.open(tmp_path / "store", replicas=1)


def test_options_of_a_store_reach_it(tmp_path: Path) -> None:
    with ddbengine.open(tmp_path / "store", durability="leader", replicas=1) as engine:
        status = engine.status()
        assert (status.durability, len(status.replicas)) == ("leader", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicas": 2}, "replicas is 1 or 3, not 2"),
        ({"replica_paths": ["a"]}, "replica_paths names a directory for each of the 3 replicas, not 1"),
        ({"durability": "some"}, "durability is quorum, leader or none, not 'some'"),
        ({"eventual_reads": "all"}, "eventual_reads is leader or any, not 'all'"),
        ({"min_replicas": 4}, "min_replicas is from 1 to 3, not 4"),
        ({"min_replicas": 0}, "min_replicas is a whole number from 1 on, not 0"),
        ({"replicas": 1, "eventual_reads": "any"}, "eventual_reads 'any' needs 3 replicas"),
        ({"replica_lag_ms": 5}, "replica_lag_ms is seen with eventual_reads 'any' only"),
        ({"replica_paths": ["a", "b", "./a"]}, "each of replica_paths is another directory"),
        ({"gsi_lag_ms": -1}, "gsi_lag_ms is a whole number of milliseconds from 0 on, not -1"),
        ({"gsi_lag_ms": 1.5}, "gsi_lag_ms is a whole number of milliseconds from 0 on, not 1.5"),
        ({"item_collection_limit": 0}, "item_collection_limit is a whole number of bytes from 1 on, not 0"),
        ({"partitions": 0}, "partitions is a whole number from 1 to 1000, not 0"),
        ({"partitions": True}, "partitions is a whole number from 1 to 1000, not True"),
        ({"shard_rollover": "long"}, "shard_rollover is a number of seconds from 1 to 86400, not 'long'"),
        ({"stream_retention_hours": 0}, "stream_retention_hours is a number of hours from 0.001 to 8760, not 0"),
        ({"ttl_interval": float("nan")}, "ttl_interval is a number of seconds from 0.01 to 86400, not nan"),
        ({"transient_seconds": -1}, "transient_seconds is a number of seconds from 0 to 86400, not -1"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_sentence(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ddbengine.open(**options)  # type: ignore[arg-type]


def test_a_store_served_to_a_client_holds_the_tables_of_its_key_and_region(tmp_path: Path) -> None:
    served = open_engine(tmp_path / "store", replicas=1)
    request = check("CreateTable", definition())
    served.execute("CreateTable", request, Caller("AKIAEXAMPLE", "eu-west-1"))
    served.close()
    with ddbengine.open(tmp_path / "store", replicas=1, access_key_id="AKIAEXAMPLE", region="eu-west-1") as engine:
        assert engine.list_tables() == {"TableNames": [TABLE]}
        assert engine.region == "eu-west-1"
    with ddbengine.open(tmp_path / "store", replicas=1) as engine:
        assert engine.list_tables() == {"TableNames": []}


def test_a_shared_store_shows_every_region_the_same_tables() -> None:
    with ddbengine.open(shared=True) as engine:
        engine.create_table(**definition())
        assert engine.client(region="ap-south-1").list_tables()["TableNames"] == [TABLE]


def test_a_fork_has_everything_and_goes_its_own_way(engine: ddbengine.Engine) -> None:
    engine.put_item(TableName=TABLE, Item=key("both"))
    with engine.fork() as fork:
        fork.put_item(TableName=TABLE, Item=key("fork"))
        engine.put_item(TableName=TABLE, Item=key("engine"))
        assert {item["pk"]["S"] for item in fork.scan(TableName=TABLE)["Items"]} == {"both", "fork"}
        assert fork.client().scan(TableName=TABLE)["Count"] == 2
    assert {item["pk"]["S"] for item in engine.scan(TableName=TABLE)["Items"]} == {"both", "engine"}


def test_a_fork_may_go_to_a_directory(engine: ddbengine.Engine, tmp_path: Path) -> None:
    engine.put_item(TableName=TABLE, Item=key())
    engine.fork(tmp_path / "copy").close()
    with ddbengine.open(tmp_path / "copy") as copy:
        assert copy.scan(TableName=TABLE)["Items"] == [key()]


def test_a_reset_deletes_the_tables_of_all_regions(engine: ddbengine.Engine) -> None:
    other = engine.client(region="eu-west-1")
    other.create_table(**definition("other"))
    engine.reset()
    assert engine.list_tables()["TableNames"] == other.list_tables()["TableNames"] == []


def test_a_clock_put_forward_deletes_what_has_expired_by_then() -> None:
    with ddbengine.open(clock=lambda: 1_000_000.0) as engine:
        engine.create_table(**definition())
        engine.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
        )
        engine.put_item(TableName=TABLE, Item=key() | {"expires": {"N": "1000100"}})
        assert engine.advance_clock(200) == 1_000_200.0
        while engine.scan(TableName=TABLE)["Count"]:
            pass  # the deletion is in the background, and an answer is all there is to be seen of it


def test_a_clock_cannot_be_put_back(engine: ddbengine.Engine) -> None:
    with pytest.raises(ValueError, match="put forward"):
        engine.advance_clock(-1)


@pytest.mark.parametrize(
    "rules",
    [
        [{"operation": "PutItem", "error": "ThrottlingException", "first": 1}],
        {"seed": 1, "rules": [{"operation": "PutItem", "error": "ThrottlingException", "first": 1}]},
        '[{"operation": "PutItem", "error": "ThrottlingException", "first": 1}]',
    ],
)
def test_faults_may_be_set_and_taken_away(engine: ddbengine.Engine, rules: FaultsSource) -> None:
    assert engine.faults is None
    for _ in range(2):
        engine.faults = rules
        with pytest.raises(exceptions.ThrottlingException):
            engine.put_item(TableName=TABLE, Item=key())
        engine.put_item(TableName=TABLE, Item=key())
    assert engine.faults is not None
    engine.faults = None
    engine.put_item(TableName=TABLE, Item=key())


def test_faults_may_come_from_a_file_at_the_opening(tmp_path: Path) -> None:
    rules = tmp_path / "faults.json"
    rules.write_text('[{"operation": "ListTables", "error": "InternalServerError"}]')
    with ddbengine.open(faults=rules) as engine, pytest.raises(exceptions.InternalServerError):
        engine.list_tables()


def test_faults_that_make_no_sense_are_refused(engine: ddbengine.Engine) -> None:
    with pytest.raises(exceptions.BadFaultRules, match="NoOperation"):
        engine.faults = [{"operation": "NoOperation", "error": "ThrottlingException"}]


def test_a_dropped_connection_is_an_error_of_the_connection(engine: ddbengine.Engine) -> None:
    engine.faults = [{"operation": "PutItem", "drop": "before", "first": 1}, {"operation": "PutItem", "drop": "after"}]
    with pytest.raises(exceptions.ConnectionClosedError):
        engine.put_item(TableName=TABLE, Item=key("before"))
    with pytest.raises(exceptions.ConnectionClosedError):
        engine.put_item(TableName=TABLE, Item=key("after"))
    assert [item["pk"]["S"] for item in engine.scan(TableName=TABLE)["Items"]] == ["after"]


def test_a_served_engine_is_the_same_engine(engine: ddbengine.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.serve() as server:
        assert server.endpoint_url == f"http://127.0.0.1:{server.port}"
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.Session().client("dynamodb")
        client.put_item(TableName=TABLE, Item=key("over http"))
        client.close()
    assert engine.get_item(TableName=TABLE, Key=key("over http")) == {"Item": key("over http")}


def test_closing_an_engine_closes_its_servers() -> None:
    engine = ddbengine.open()
    url = engine.serve().endpoint_url
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200
    engine.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)


def test_a_port_that_is_taken_cannot_be_served(engine: ddbengine.Engine) -> None:
    with engine.serve() as server, pytest.raises(exceptions.CannotServe, match=str(server.port)):
        engine.serve(server.port)


def test_a_closed_engine_says_so(engine: ddbengine.Engine, tmp_path: Path) -> None:
    client = engine.client()
    engine.close()
    engine.close()
    calls: list[Callable[[], Any]] = [
        engine.list_tables,
        client.list_tables,
        lambda: engine.put_item(TableName=TABLE, Item=key()),
        lambda: engine.get_item(TableName=TABLE, Key=key()),
        lambda: asyncio.run(engine.aio.get_item(TableName=TABLE, Key=key())),
        lambda: engine.load(TABLE, [key()]),
        lambda: list(engine.scan_all(TABLE)),
        lambda: engine.fork(),
        lambda: engine.fork(tmp_path / "copy"),
        engine.reset,
        lambda: engine.advance_clock(1),
        lambda: engine.split_partition(TABLE),
        engine.status,
        engine.serve,
    ]
    for call in calls:
        with pytest.raises(exceptions.StoreClosed, match="closed"):
            call()
    assert not (tmp_path / "copy").exists()
