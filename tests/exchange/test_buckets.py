"""Buckets that are directories: what the API's exports write and its imports read (FACTS 5.16)."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from ddbengine.engine.opening import open_engine
from ddbengine.exchange.buckets import DirectoryBuckets
from ddbengine.exchange.s3_layout import md5_of, read_export
from tests.engine.calls import Calls
from tests.engine.exporting import enable_recovery, export, exported, import_, imported
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S

ITEMS = [{"pk": S("a"), "n": N("1.5"), "s": {"SS": ["x", "y"]}}, {"pk": S("b")}]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    path = tmp_path / "buckets" / "bucket"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def calls(bucket: Path) -> Iterator[Calls]:
    engine = open_engine(None, buckets=DirectoryBuckets(bucket.parent))
    calls = Calls(engine)
    calls.create(table())
    for item in ITEMS:
        calls.put("table", item)
    enable_recovery(calls)
    yield calls
    check_database(engine)
    engine.close()


def lines(*items: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps({"Item": item}) + b"\n" for item in items)


def finished(calls: Calls, name: str = "imported", **members: Any) -> dict[str, Any]:
    return imported(calls, import_(calls, name, **members)["ImportArn"])


def outcome(described: dict[str, Any]) -> tuple[str, int, int, int]:
    counts = (described[name] for name in ("ProcessedItemCount", "ImportedItemCount", "ErrorCount"))
    return (described["ImportStatus"], *counts)


def items_of(calls: Calls, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = calls.call("Scan", TableName=name)["Items"]
    return sorted(found, key=lambda item: str(item["pk"]["S"]))


@pytest.mark.parametrize("output_format", ["DYNAMODB_JSON", "ION"])
def test_what_was_exported_can_be_imported(calls: Calls, bucket: Path, output_format: str) -> None:
    if output_format == "ION":
        pytest.importorskip("amazon.ion.simpleion", reason="Ion is read with its library, which is an extra")
    ended = exported(calls, export(calls, S3Prefix="some/where", ExportFormat=output_format)["ExportArn"])
    export_id = ended["ExportArn"].rpartition("/")[2]
    assert ended["ExportManifest"] == f"some/where/AWSDynamoDB/{export_id}/manifest-summary.json"
    found = read_export((bucket / ended["ExportManifest"]).parent)
    assert (found.table_name, found.format, found.items) == ("table", output_format, 2)
    assert all(md5_of(file.path) == file.md5 for file in found.files)
    source = {"S3Bucket": "bucket", "S3KeyPrefix": f"some/where/AWSDynamoDB/{export_id}/data/"}
    described = finished(calls, S3BucketSource=source, InputFormat=output_format, InputCompressionType="GZIP")
    assert outcome(described) == ("COMPLETED", 2, 2, 0)
    assert described["ProcessedSizeBytes"] == sum(file.path.stat().st_size for file in found.files)
    assert items_of(calls, "imported") == ITEMS


def test_the_manifest_says_what_the_description_says(calls: Calls, bucket: Path) -> None:
    ended = exported(calls, export(calls)["ExportArn"])
    summary = orjson.loads((bucket / ended["ExportManifest"]).read_bytes())
    assert summary["exportArn"] == ended["ExportArn"]
    assert (summary["itemCount"], summary["billedSizeBytes"]) == (ended["ItemCount"], ended["BilledSizeBytes"])
    assert (summary["s3Bucket"], summary["s3Prefix"], summary["s3SseAlgorithm"]) == ("bucket", None, "AES256")
    assert summary["startTime"] == summary["exportTime"]
    directory = ended["ExportManifest"].rpartition("/")[0]
    assert summary["manifestFilesS3Key"] == f"{directory}/manifest-files.json"
    (entry,) = map(orjson.loads, (bucket / summary["manifestFilesS3Key"]).read_bytes().splitlines())
    assert gzip.decompress((bucket / entry["dataFileS3Key"]).read_bytes()).count(b"\n") == 2


def test_a_prefix_ends_in_one_slash(calls: Calls) -> None:
    ended = exported(calls, export(calls, S3Prefix="foo/")["ExportArn"])
    assert ended["S3Prefix"] == "foo/"
    assert ended["ExportManifest"].startswith("foo/AWSDynamoDB/")


def test_a_prefix_does_not_lead_out_of_its_bucket(calls: Calls, bucket: Path) -> None:
    ended = exported(calls, export(calls, S3Prefix="../other")["ExportArn"])
    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3AccessDenied")
    assert list(bucket.parent.iterdir()) == [bucket]
    (bucket.parent / "secret.json").write_bytes(lines({"pk": S("x")}))
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "../secret"}
    assert outcome(finished(calls, S3BucketSource=source)) == ("COMPLETED", 0, 0, 0)


def test_a_directory_that_cannot_be_written_fails_the_export(calls: Calls, bucket: Path) -> None:
    (bucket / "AWSDynamoDB").write_bytes(b"in the way")
    ended = exported(calls, export(calls)["ExportArn"])
    assert (ended["ExportStatus"], ended["FailureCode"]) == ("FAILED", "S3AccessDenied")


def test_a_prefix_is_what_keys_begin_with(calls: Calls, bucket: Path) -> None:
    (bucket / "data").mkdir()
    (bucket / "data" / "1.json").write_bytes(lines({"pk": S("x")}))
    (bucket / "data2").mkdir()
    (bucket / "data2" / "x.json").write_bytes(b"garbage\n")
    (bucket / "data.bak").write_bytes(b"garbage\n")
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "data"}
    assert outcome(finished(calls, "first", S3BucketSource=source)) == ("FAILED", 3, 1, 2)
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "data/1.json"}
    assert outcome(finished(calls, "second", S3BucketSource=source)) == ("COMPLETED", 1, 1, 0)


def test_a_line_that_is_no_item_ends_its_object(calls: Calls, bucket: Path) -> None:
    good = [{"pk": S(f"k{number}")} for number in range(9)]
    (bucket / "1.json").write_bytes(lines(*good[:5]) + b"{nonsense\n" + lines(*good[5:]))
    (bucket / "2.json").write_bytes(lines({"pk": S("other")}))
    assert outcome(finished(calls)) == ("FAILED", 7, 6, 1)


def test_an_item_that_the_table_cannot_have_is_left_out(calls: Calls, bucket: Path) -> None:
    good = [{"pk": S(f"k{number}")} for number in range(9)]
    (bucket / "1.json").write_bytes(lines(*good[:5], {"no": S("key")}, *good[5:]))
    assert outcome(finished(calls)) == ("FAILED", 10, 9, 1)


@pytest.mark.parametrize("compression", ["NONE", "GZIP", "ZSTD"])
def test_an_object_in_another_compression_is_one_error(calls: Calls, bucket: Path, compression: str) -> None:
    content = lines({"pk": S("x")}, {"pk": S("y")})
    (bucket / "1").write_bytes(content)
    (bucket / "2").write_bytes(gzip.compress(content))
    (bucket / "3").write_bytes(zstandard.compress(content))
    (bucket / "empty").touch()
    assert outcome(finished(calls, InputCompressionType=compression)) == ("FAILED", 4, 2, 2)


def test_a_damaged_object_is_one_error_behind_what_can_be_read(calls: Calls, bucket: Path) -> None:
    whole = gzip.compress(lines(*({"pk": S(f"k{number}")} for number in range(5_000))))
    (bucket / "1.gz").write_bytes(whole[:-20])
    described = finished(calls, InputCompressionType="GZIP")
    assert (described["ImportStatus"], described["ErrorCount"]) == ("FAILED", 1)
    assert described["ImportedItemCount"] == len(items_of(calls, "imported"))


def test_csv_has_a_header_or_is_given_one(calls: Calls, bucket: Path) -> None:
    (bucket / "plain.csv").write_bytes(b"pk,year\nx,1999\n")
    (bucket / "bare.csv").write_bytes(b"y;2000\n")
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "plain"}
    described = finished(calls, "first", S3BucketSource=source, InputFormat="CSV")
    assert outcome(described) == ("COMPLETED", 1, 1, 0)
    assert "InputFormatOptions" not in described
    assert items_of(calls, "first") == [{"pk": S("x"), "year": S("1999")}]
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["pk", "year"]}}
    source = {"S3Bucket": "bucket", "S3KeyPrefix": "bare"}
    described = finished(calls, "second", S3BucketSource=source, InputFormat="CSV", InputFormatOptions=options)
    assert described["InputFormatOptions"] == options
    assert items_of(calls, "second") == [{"pk": S("y"), "year": S("2000")}]


def test_what_an_interrupted_export_left_is_replaced(calls: Calls, bucket: Path) -> None:
    class Interrupted(DirectoryBuckets):
        def find(self, name: str) -> Any:
            found = super().find(name)
            write = found.write

            def once_more(job: Any, pages: Any, size: int) -> dict[str, Any]:
                left = bucket / "AWSDynamoDB" / job.id / "data"
                left.mkdir(parents=True)
                (left / "half.json.gz").write_bytes(b"half")
                return write(job, pages, size)

            found.write = once_more  # type: ignore[method-assign]
            return found

    calls.engine._jobs._buckets = Interrupted(bucket.parent)
    ended = exported(calls, export(calls)["ExportArn"])
    (file,) = (bucket / ended["ExportManifest"]).parent.joinpath("data").iterdir()
    assert file.name != "half.json.gz"
