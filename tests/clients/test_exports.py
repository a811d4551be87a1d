"""Exports and imports by the API as boto3 sees them, over several processes and through a kill."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.clients.conftest import definition
from tests.clients.test_restart import client_of

pytestmark = pytest.mark.clients

ITEMS = 2_500
WAIT_SECONDS = 30.0
RECOVERY = {"PointInTimeRecoveryEnabled": True}


def ended(describe: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_SECONDS
    while (described := describe())[status] == "IN_PROGRESS":
        assert time.monotonic() < deadline, described
        time.sleep(0.01)
    return described


def exported(client: Any, arn: str) -> dict[str, Any]:
    return ended(lambda: client.describe_export(ExportArn=arn)["ExportDescription"], "ExportStatus")


def imported(client: Any, arn: str) -> dict[str, Any]:
    return ended(lambda: client.describe_import(ImportArn=arn)["ImportTableDescription"], "ImportStatus")


def fill(client: Any) -> str:
    """A table with recovery; return its ARN."""
    arn: str = client.create_table(**definition("full"))["TableDescription"]["TableArn"]
    keys = [f"k{number}" for number in range(ITEMS)]
    for start in range(0, ITEMS, 25):
        puts = [{"PutRequest": {"Item": {"pk": {"S": key}, "b": {"B": b"\x00\xff"}}}} for key in keys[start:][:25]]
        client.batch_write_item(RequestItems={"full": puts})
    client.update_continuous_backups(TableName="full", PointInTimeRecoverySpecification=RECOVERY)
    return arn


def import_of(client: Any, export: dict[str, Any], name: str) -> str:
    """Ask for an import of an export that is complete."""
    prefix = export["ExportManifest"].removesuffix("manifest-summary.json") + "data/"
    described = client.import_table(
        S3BucketSource={"S3Bucket": "bucket", "S3KeyPrefix": prefix},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters=definition(name),
    )
    arn: str = described["ImportTableDescription"]["ImportArn"]
    return arn


def test_jobs_are_done_beside_several_workers_and_taken_up_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "s3" / "bucket").mkdir(parents=True)
    options = ("--db-path", str(tmp_path / "data"), "--s3-directory", str(tmp_path / "s3"))
    server = servers.start_ddbengine(tmp_path / "first.log", *options, "--workers", "2")
    with client_of(server) as client:
        table_arn = fill(client)
        first = client.export_table_to_point_in_time(TableArn=table_arn, S3Bucket="bucket")["ExportDescription"]
        first = exported(client, first["ExportArn"])
        assert (first["ExportStatus"], first["ItemCount"]) == ("COMPLETED", ITEMS)
        imported_first = imported(client, import_of(client, first, "first"))
        assert (imported_first["ImportStatus"], imported_first["ImportedItemCount"]) == ("COMPLETED", ITEMS)
        second = client.export_table_to_point_in_time(TableArn=table_arn, S3Bucket="bucket")["ExportDescription"]
        client.put_item(TableName="full", Item={"pk": {"S": "later"}})
        import_arn = import_of(client, first, "second")
    server.kill()
    with servers.ddbengine(tmp_path / "second.log", *options) as server, client_of(server) as client:
        again = exported(client, second["ExportArn"])
        assert (again["ExportStatus"], again["ItemCount"]) == ("COMPLETED", ITEMS)
        assert imported(client, import_arn)["ImportedItemCount"] == ITEMS
        assert client.describe_table(TableName="second")["Table"]["ItemCount"] == ITEMS
        exports = client.list_exports(TableArn=table_arn)["ExportSummaries"]
        assert [summary["ExportArn"] for summary in exports] == [second["ExportArn"], first["ExportArn"]]
        item = client.get_item(TableName="second", Key={"pk": {"S": "k7"}})["Item"]
        assert item == {"pk": {"S": "k7"}, "b": {"B": b"\x00\xff"}}


def test_without_the_option_there_are_no_buckets(tmp_path: Path) -> None:
    with servers.ddbengine(tmp_path / "log", "--in-memory") as server, client_of(server) as client:
        arn = client.create_table(**definition("plain"))["TableDescription"]["TableArn"]
        client.update_continuous_backups(TableName="plain", PointInTimeRecoverySpecification=RECOVERY)
        begun = client.export_table_to_point_in_time(TableArn=arn, S3Bucket="bucket")["ExportDescription"]
        described = exported(client, begun["ExportArn"])
        assert (described["ExportStatus"], described["FailureCode"]) == ("FAILED", "S3NoSuchBucket")
