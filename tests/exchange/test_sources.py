"""Where records come from: files, compressed or not, directories, and exports of the service."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from ddbengine.exchange.compression import Input, compressed
from ddbengine.exchange.json_lines import read_items
from ddbengine.exchange.records import SourceError
from ddbengine.exchange.sources import CSV, JSON, Cursor, find_source, records_of

COMPRESSIONS = ("none", "gzip", "zstd")


def lines(*keys: str) -> bytes:
    return b"".join(b'{"Item":{"pk":{"S":"%b"}}}\n' % key.encode() for key in keys)


def packed(content: bytes, compression: str) -> bytes:
    file = io.BytesIO()
    stream = compressed(file, compression)
    stream.write(content)
    stream.close()
    return file.getvalue()


def keys_of(path: Path, wanted: str | None = None, after: Cursor = Cursor(0, 0)) -> list[str]:  # noqa: B008
    return [
        str(record.item["pk"]["S"]) if record.item else record.problem
        for _, record in records_of(find_source(path, wanted), read_items, after)
    ]


# --- compression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", COMPRESSIONS)
@given(content=st.lists(st.binary(max_size=50), max_size=4), repeats=st.sampled_from([1, 3, 20_000]))
def test_what_is_written_is_read_whatever_the_compression(compression: str, content: list[bytes], repeats: int) -> None:
    assume(not b"".join(content).startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")))  # no text begins so
    parts = [part * repeats for part in content]
    path = Path(tempfile.mkdtemp()) / "content"
    # Several members or frames one after another are one content.
    path.write_bytes(b"".join(packed(part, compression) for part in parts))
    try:
        with Input(path) as file:
            assert file.stream.read() == b"".join(parts)
    finally:
        shutil.rmtree(path.parent)


def test_other_peoples_compressed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(lines("a")) + gzip.compress(lines("b")))
    (tmp_path / "b").write_bytes(zstandard.compress(lines("c")) + zstandard.compress(lines("d")))
    assert keys_of(tmp_path / "a") == ["a", "b"]
    assert keys_of(tmp_path / "b") == ["c", "d"]


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("left", [0.3, 0.6, 0.99])
def test_a_compressed_file_that_ends_too_early_is_damaged(compression: str, left: float, tmp_path: Path) -> None:
    content = packed(lines(*(hashlib.sha256(bytes([number])).hexdigest() for number in range(200))), compression)
    path = tmp_path / "items.json"
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(SourceError, match=r"items.json:\d+: the compressed file is damaged here or soon after"):
        keys_of(path)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_compressed_file_with_other_bytes_is_damaged(compression: str, tmp_path: Path) -> None:
    content = bytearray(packed(lines("a"), compression))
    content[-3] ^= 0xFF
    content[len(content) // 2] ^= 0xFF
    path = tmp_path / "items.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="damaged here or soon after"):
        keys_of(path)


# --- files and directories --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("items.json", JSON),
        ("items.jsonl.gz", JSON),
        ("items.ndjson.zst", JSON),
        ("items.csv", CSV),
        ("items.tsv.gz", CSV),
        ("items.dump", JSON),
    ],
)
def test_the_format_is_known_by_the_name(name: str, format_: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    assert find_source(tmp_path / name, None).format == format_
    assert find_source(tmp_path / name, CSV).format == CSV


def test_the_files_of_a_directory_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "2.json").write_bytes(lines("c"))
    (tmp_path / "1.json.gz").write_bytes(packed(lines("a", "b"), "gzip"))
    (tmp_path / "README").write_bytes(b"no items")
    assert keys_of(tmp_path) == ["a", "b", "c"]
    assert keys_of(tmp_path, after=Cursor(0, 1)) == ["b", "c"]
    assert keys_of(tmp_path, after=Cursor(1, 0)) == ["c"]


def test_bytes_are_counted_over_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddbengine.exchange.sources._RECORDS_BETWEEN_REPORTS", 1)
    for name in ("1.json", "2.json"):
        (tmp_path / name).write_bytes(lines("a"))
    source = find_source(tmp_path, None)
    told: list[int] = []
    list(records_of(source, read_items, on_read=told.append))
    assert told == [source.size // 2, source.size]


def test_what_is_no_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing.json: No such file or directory"):
        find_source(tmp_path / "nothing.json", None)
    with pytest.raises(SourceError, match=r"has neither an export's manifest-summary.json nor files of the format"):
        find_source(tmp_path, None)
    (tmp_path / "items.10n").write_bytes(b"")
    with pytest.raises(SourceError, match="binary Ion is not supported"):
        find_source(tmp_path / "items.10n", None)
    (tmp_path / "items.10n").unlink()
    for name in ("a.csv", "b.json"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(SourceError, match=r"has files of several formats \(csv, dynamodb-json\)"):
        find_source(tmp_path, None)
    assert len(find_source(tmp_path, CSV).files) == 1


# --- exports of the service -------------------------------------------------------------------------------------------


def export(root: Path, export_id: str = "01700000000000-abcdef01", **changes: Any) -> Path:
    """An export of two files as the service leaves it in a bucket, its prefix included."""
    directory = root / "AWSDynamoDB" / export_id
    (directory / "data").mkdir(parents=True)
    (directory / "_started").touch()
    entries = []
    for name, keys in (("one", ["a", "b"]), ("two", ["c"])):
        content = gzip.compress(lines(*keys))
        (directory / "data" / f"{name}.json.gz").write_bytes(content)
        entries.append(
            {
                "itemCount": len(keys),
                "md5Checksum": b64encode(hashlib.md5(content).digest()).decode(),
                "etag": "f54b-1",
                "dataFileS3Key": f"prefix/AWSDynamoDB/{export_id}/data/{name}.json.gz",
            }
        )
    summary = {
        "version": "2020-06-30",
        "tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/music",
        "manifestFilesS3Key": f"prefix/AWSDynamoDB/{export_id}/manifest-files.json",
        "itemCount": 3,
        "outputFormat": "DYNAMODB_JSON",
    } | changes
    (directory / "manifest-files.json").write_text("\n".join(map(json.dumps, entries)))
    (directory / "manifest-summary.json").write_text(json.dumps(summary))
    return directory


@pytest.mark.parametrize("named", [".", "AWSDynamoDB", "AWSDynamoDB/01700000000000-abcdef01"])
def test_an_export_is_found_from_its_bucket_down(named: str, tmp_path: Path) -> None:
    export(tmp_path)
    source = find_source(tmp_path / named, None)
    assert source.table_name == "music"
    assert keys_of(tmp_path / named) == ["a", "b", "c"]


def test_of_several_exports_one_has_to_be_named(tmp_path: Path) -> None:
    export(tmp_path, "1-a")
    export(tmp_path, "2-b")
    with pytest.raises(SourceError, match="has several exports, name one of them: 1-a, 2-b"):
        find_source(tmp_path, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"exportType": "INCREMENTAL_EXPORT"}, "is an incremental export, which only says what changed"),
        ({"outputFormat": "XML"}, "has the format XML, only DYNAMODB_JSON and ION can be read"),
        ({"itemCount": 4}, "the summary has 4 items, the data files 3"),
        ({"manifestFilesS3Key": "x/other.json"}, "other.json: No such file or directory"),
    ],
)
def test_an_export_that_cannot_be_read_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    export(tmp_path, **changes)
    with pytest.raises(SourceError, match=message):
        find_source(tmp_path, None)


def test_a_data_file_that_is_not_what_was_exported_is_refused_before_anything_of_it_is_read(tmp_path: Path) -> None:
    directory = export(tmp_path)
    (directory / "data" / "two.json.gz").write_bytes(gzip.compress(lines("x")))
    records = records_of(find_source(tmp_path, None), read_items)
    assert [next(records)[1].line, next(records)[1].line] == [1, 2]
    with pytest.raises(SourceError, match=r"two.json.gz: is not what was exported: its MD5 is another one"):
        next(records)


def test_a_data_file_with_too_few_items_is_refused(tmp_path: Path) -> None:
    directory = export(tmp_path, itemCount=5)
    text = (directory / "manifest-files.json").read_text()
    (directory / "manifest-files.json").write_text(text.replace('"itemCount": 1', '"itemCount": 3'))
    with pytest.raises(SourceError, match=r"two.json.gz: has 1 items where the manifest says 3"):
        keys_of(tmp_path)


def test_what_is_wrong_with_a_manifest_is_said_with_its_line(tmp_path: Path) -> None:
    directory = export(tmp_path)
    (directory / "data" / "two.json.gz").unlink()
    with pytest.raises(SourceError, match=r"manifest-files.json:2: .*two.json.gz is missing"):
        find_source(tmp_path, None)
    (directory / "manifest-files.json").write_text("{}")
    with pytest.raises(SourceError, match=r"manifest-files.json:1: is no entry of a data file"):
        find_source(tmp_path, None)
    (directory / "manifest-summary.json").write_text("[")
    with pytest.raises(SourceError, match=r"manifest-summary.json:1: is not JSON"):
        find_source(tmp_path, None)
    (directory / "manifest-summary.json").write_text("[]")
    with pytest.raises(SourceError, match=r"manifest-summary.json: is not a JSON object"):
        find_source(tmp_path, None)


def test_a_manifest_does_not_lead_out_of_its_directory(tmp_path: Path) -> None:
    directory = export(tmp_path)
    text = (directory / "manifest-files.json").read_text()
    (directory / "manifest-files.json").write_text(text.replace("prefix/AWSDynamoDB", "../../../etc"))
    assert keys_of(tmp_path) == ["a", "b", "c"]
