"""The AWS CLI works with tables and items.  It is installed beside Python by the development requirements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import prerequisites
from tests.servers import Server

pytestmark = pytest.mark.clients

TABLE = "cli-music"
KEY = {"artist": {"S": "No One You Know"}, "song": {"S": "Call Me Today"}}


class Cli:
    """Runs ``aws dynamodb`` commands against one server."""

    def __init__(self, server: Server, home: Path) -> None:
        self._program = _program()
        self._endpoint = ["--endpoint-url", server.url, "--region", "us-east-1", "--output", "json"]
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": "cli",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, command: str, **options: Any) -> Any:
        """The parsed answer of a command that succeeds."""
        done = self._run([command], options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, command: str, **options: Any) -> str:
        """What a command that fails prints."""
        done = self._run([command], options)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def wait(self, until: str, table: str) -> None:
        """``aws dynamodb wait``."""
        done = self._run(["wait", until], {"table_name": table})
        assert done.returncode == 0, done.stderr

    def _run(self, command: list[str], options: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        line = [*self._program, "dynamodb", *command, *self._endpoint]
        for name, value in options.items():
            line.append("--" + name.replace("_", "-"))
            if value is not True:
                line.append(value if isinstance(value, str) else json.dumps(value))
        return subprocess.run(line, capture_output=True, text=True, env=self._environment, timeout=60, check=False)


def _program() -> list[str]:
    script = Path(sys.executable).parent / "aws"
    if not script.exists():
        prerequisites.missing(f"the AWS CLI is not installed beside {sys.executable}")
    return [sys.executable, str(script)]


@pytest.fixture(scope="module")
def cli(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def arn(cli: Cli) -> str:
    """A table with one index; its ARN."""
    created = cli.run(
        "create-table",
        table_name=TABLE,
        key_schema=[
            {"AttributeName": "artist", "KeyType": "HASH"},
            {"AttributeName": "song", "KeyType": "RANGE"},
        ],
        attribute_definitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("artist", "S"), ("song", "S"), ("year", "N"))
        ],
        local_secondary_indexes=[
            {
                "IndexName": "by-year",
                "KeySchema": [
                    {"AttributeName": "artist", "KeyType": "HASH"},
                    {"AttributeName": "year", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        billing_mode="PAY_PER_REQUEST",
    )
    cli.wait("table-exists", TABLE)
    arn: str = created["TableDescription"]["TableArn"]
    return arn


@pytest.mark.usefixtures("arn")
def test_items_are_put_got_updated_and_deleted(cli: Cli) -> None:
    cli.run("put-item", table_name=TABLE, item=KEY | {"year": {"N": "2001"}, "cover": {"B": "bytes"}})
    got = cli.run("get-item", table_name=TABLE, key=KEY, consistent_read=True)
    # This version of the CLI takes binary values as they are, and shows them in base64.
    assert got["Item"] == KEY | {"year": {"N": "2001"}, "cover": {"B": "Ynl0ZXM="}}

    updated = cli.run(
        "update-item",
        table_name=TABLE,
        key=KEY,
        update_expression="SET #y = #y + :one REMOVE cover",
        expression_attribute_names={"#y": "year"},
        expression_attribute_values={":one": {"N": "1"}},
        return_values="ALL_NEW",
        return_consumed_capacity="INDEXES",
        return_item_collection_metrics="SIZE",
    )
    assert updated["Attributes"] == KEY | {"year": {"N": "2002"}}
    assert updated["ConsumedCapacity"]["CapacityUnits"] == 3.0
    assert updated["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"by-year": {"CapacityUnits": 2.0}}
    assert updated["ItemCollectionMetrics"]["ItemCollectionKey"] == {"artist": KEY["artist"]}

    deleted = cli.run("delete-item", table_name=TABLE, key=KEY, return_values="ALL_OLD")
    assert deleted["Attributes"] == KEY | {"year": {"N": "2002"}}


@pytest.mark.usefixtures("arn")
def test_query_and_scan_page_through_a_batch_of_items(cli: Cli) -> None:
    items = [{"artist": {"S": "pages"}, "song": {"S": f"{n}"}, "year": {"N": f"{9 - n}"}} for n in range(9)]
    cli.run("batch-write-item", request_items={TABLE: [{"PutRequest": {"Item": item}} for item in items]})
    condition = {
        "key_condition_expression": "artist = :a",
        "expression_attribute_values": {":a": {"S": "pages"}},
    }
    assert cli.run("query", table_name=TABLE, page_size="2", **condition)["Items"] == items
    by_year = cli.run("query", table_name=TABLE, index_name="by-year", **condition)
    assert by_year["Items"] == items[::-1]
    first = cli.run("scan", table_name=TABLE, max_items="4", page_size="2")
    rest = cli.run("scan", table_name=TABLE, starting_token=first["NextToken"])
    assert sorted(item["song"]["S"] for item in first["Items"] + rest["Items"]) == [str(n) for n in range(9)]
    keys = [{"artist": item["artist"], "song": item["song"]} for item in items]
    got = cli.run("batch-get-item", request_items={TABLE: {"Keys": keys}})
    assert len(got["Responses"][TABLE]) == 9


@pytest.mark.usefixtures("arn")
def test_a_refusal_is_shown_with_its_name_and_message(cli: Cli) -> None:
    failed = cli.refused("put-item", table_name=TABLE, item=KEY, condition_expression="attribute_exists(artist)")
    assert "(ConditionalCheckFailedException)" in failed
    assert "The conditional request failed" in failed
    assert "(ResourceNotFoundException)" in cli.refused("describe-table", table_name="no-such-table")


def test_tables_are_listed_described_changed_and_tagged(cli: Cli, arn: str) -> None:
    assert TABLE in cli.run("list-tables")["TableNames"]
    cli.run("tag-resource", resource_arn=arn, tags=[{"Key": "k", "Value": "v"}])
    assert cli.run("list-tags-of-resource", resource_arn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    cli.run("untag-resource", resource_arn=arn, tag_keys=["k"])
    assert cli.run("list-tags-of-resource", resource_arn=arn)["Tags"] == []
    changed = cli.run("update-table", table_name=TABLE, table_class="STANDARD_INFREQUENT_ACCESS")
    assert changed["TableDescription"]["TableName"] == TABLE
    described = cli.run("describe-table", table_name=TABLE)["Table"]
    assert described["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert cli.run("describe-limits")["TableMaxReadCapacityUnits"] > 0
    assert len(cli.run("describe-endpoints")["Endpoints"]) == 1


def test_a_table_is_waited_for_and_deleted(cli: Cli) -> None:
    cli.run(
        "create-table",
        table_name="cli-short",
        key_schema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        attribute_definitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        billing_mode="PAY_PER_REQUEST",
    )
    cli.wait("table-exists", "cli-short")
    assert cli.run("delete-table", table_name="cli-short")["TableDescription"]["TableStatus"] == "DELETING"
    cli.wait("table-not-exists", "cli-short")
