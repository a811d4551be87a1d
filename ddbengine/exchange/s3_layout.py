"""The layout of the service's export to S3, in a directory: manifests, and data files with an item a line.

| file | content |
| --- | --- |
| ``manifest-summary.json`` | one object: table, times, number of items, where the other manifest is |
| ``manifest-files.json`` | an object a line: ``dataFileS3Key``, ``itemCount``, ``md5Checksum``, ``etag`` |
| ``data/*.json.gz`` | ``{"Item":{...}}`` a line; or ``*.ion.gz``, see ``ion_items`` |
| ``*.checksum`` | base64 of the MD5 of the manifest of that name |

``md5Checksum`` is base64 of the MD5 of the compressed file; ``etag`` that of an upload in one part.  All of it is under
``<prefix>/AWSDynamoDB/<export id>``, and keys are relative to the bucket (guide, "DynamoDB table export output
format").
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from ddbengine.exchange.records import SourceError

__all__ = ["DataFile", "Export", "ExportDirectory", "etag_of", "find_export", "md5_of", "read_export"]

SUMMARY = "manifest-summary.json"
FILES = "manifest-files.json"
ROOT = "AWSDynamoDB"
DATA = "data"
STARTED = "_started"
FORMATS = ("DYNAMODB_JSON", "ION")
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DataFile:
    path: Path
    items: int
    md5: str | None
    """Base64; None where the manifest has none."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is complete."""

    directory: Path
    table_name: str
    format: str
    """One of FORMATS."""
    items: int
    files: tuple[DataFile, ...]


def find_export(path: Path) -> Path | None:
    """The directory of the export that a path leads to: itself, or the only one in it; None when there is none."""
    if (path / SUMMARY).is_file():
        return path
    for root in (path / ROOT, path):
        found = sorted(summary.parent for summary in root.glob(f"*/{SUMMARY}"))
        if len(found) > 1:
            names = ", ".join(directory.name for directory in found)
            raise SourceError(f"{path}: has several exports, name one of them: {names}")
        if found:
            return found[0]
    return None


def read_export(directory: Path) -> Export:
    """The export of a directory with a summary; raise SourceError for one that cannot be imported."""
    summary = _object(directory / SUMMARY)
    if summary.get("exportType", "FULL_EXPORT") != "FULL_EXPORT":
        raise SourceError(f"{directory}: is an incremental export, which only says what changed")
    output_format = summary.get("outputFormat")
    if output_format not in FORMATS:
        raise SourceError(f"{directory}: has the format {output_format}, only {' and '.join(FORMATS)} can be read")
    key = PurePosixPath(str(summary.get("manifestFilesS3Key", FILES)))
    files = tuple(_data_files(directory, directory / key.name))
    items = sum(file.items for file in files)
    if summary.get("itemCount") != items:
        raise SourceError(f"{directory}: the summary has {summary.get('itemCount')} items, the data files {items}")
    return Export(directory, str(summary.get("tableArn", "")).rpartition("/")[2], output_format, items, files)


def _data_files(directory: Path, manifest: Path) -> Iterator[DataFile]:
    for number, line in enumerate(_content(manifest).splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = orjson.loads(line)
            path = directory / DATA / PurePosixPath(entry["dataFileS3Key"]).name
            file = DataFile(path, int(entry["itemCount"]), entry.get("md5Checksum"))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(f"{manifest}:{number}: is no entry of a data file: {error}") from error
        if not path.is_file():
            raise SourceError(f"{manifest}:{number}: {path} is missing")
        yield file


def _object(path: Path) -> dict[str, Any]:
    try:
        parsed = orjson.loads(_content(path))
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{path}:{error.lineno}: is not JSON: {error.msg}") from error
    if not isinstance(parsed, dict):
        raise SourceError(f"{path}: is not a JSON object")
    return parsed


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def md5_of(path: Path) -> str:
    """Base64 of a file's MD5; raise OSError."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_READ_BYTES):
            digest.update(chunk)
    return b64encode(digest.digest()).decode()


def etag_of(md5: bytes) -> str:
    """What S3 calls an upload in one part with this MD5."""
    return f"{hashlib.md5(md5, usedforsecurity=False).hexdigest()}-1"


@dataclass(frozen=True, slots=True)
class ExportDirectory:
    """Where an export is written: the data files first, then ``finish``, without which there is no export."""

    root: Path
    """Stands for the bucket."""
    export_id: str
    prefix: str = ""
    """What keys begin with; a slash follows if it has none at its end."""

    @property
    def path(self) -> Path:
        return self.root / self.prefix.strip("/") / ROOT / self.export_id

    def key(self, *names: str) -> str:
        """The key of a file in the bucket."""
        prefix = self.prefix and self.prefix.rstrip("/") + "/"
        return prefix + "/".join((ROOT, self.export_id, *names))

    @property
    def manifest_key(self) -> str:
        """The key of the summary."""
        return self.key(SUMMARY)

    def start(self) -> None:
        """Make the directories; raise OSError, FileExistsError when the export is there already."""
        self.path.mkdir(parents=True)
        (self.path / DATA).mkdir()
        (self.path / STARTED).touch()

    def finish(self, summary: dict[str, Any], files: list[dict[str, Any]]) -> None:
        """Write the manifests, the summary last; raise OSError."""
        self._write(FILES, b"".join(orjson.dumps(entry) + b"\n" for entry in files))
        self._write(SUMMARY, orjson.dumps({**summary, "manifestFilesS3Key": self.key(FILES)}))

    def _write(self, name: str, content: bytes) -> None:
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        (self.path / name).with_suffix(".checksum").write_bytes(b64encode(digest))
        (self.path / name).write_bytes(content)
