"""Buckets that are directories: what exports of the API are written to, and imports read from.

A bucket is a subdirectory of the given directory, and the key of an object is its path below that.  As in the service:

- a prefix is what keys begin with, not a directory;
- an object in another compression than the import says, or a line that is no item, is one error, and what is left of
  its object is not read; an item that the table cannot have is one error, and the import goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ddbengine.engine.job_rows import Job
from ddbengine.engine.job_running import Imported, JobFailed, Load, access_denied, no_such_bucket
from ddbengine.errors import ApiError
from ddbengine.exchange.compression import stored_compression
from ddbengine.exchange.csv_items import CsvFormat
from ddbengine.exchange.exporting import iso_time, write_export
from ddbengine.exchange.ion_items import ion_reader
from ddbengine.exchange.json_lines import read_items
from ddbengine.exchange.records import Reader, Record, SourceError
from ddbengine.exchange.s3_layout import ExportDirectory
from ddbengine.exchange.sources import Source, SourceFile, records_of

__all__ = ["DirectoryBuckets"]


class DirectoryBuckets:
    """See ``job_running.Buckets``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, name: str) -> DirectoryBucket:
        # The service model lets no name through that leads elsewhere.
        path = self._directory / name
        if not path.is_dir():
            raise no_such_bucket()
        return DirectoryBucket(path)


class DirectoryBucket:
    """See ``job_running.Bucket``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    # --- exports -----------------------------------------------------------------------------------------------------

    def write(self, job: Job, pages: Iterable[list[bytes]], size: int) -> dict[str, Any]:
        request = job.request
        prefix = request.get("S3Prefix", "")
        if any(part in (".", "..") for part in PurePosixPath(prefix).parts):
            raise access_denied(f"The prefix {prefix} is no path within the bucket's directory")
        directory = ExportDirectory(self._path, job.id, prefix)
        summary = {
            "exportArn": job.arn,
            "startTime": iso_time(job.started),
            "tableArn": job.table_arn,
            "tableId": job.table_id,
            "exportTime": iso_time(float(request.get("ExportTime", job.started))),
            "s3Bucket": request["S3Bucket"],
            "s3Prefix": request.get("S3Prefix"),
            "s3SseAlgorithm": request.get("S3SseAlgorithm", "AES256"),
            "s3SseKmsKeyId": request.get("S3SseKmsKeyId"),
            "billedSizeBytes": size,
        }
        output_format = request.get("ExportFormat", "DYNAMODB_JSON")
        try:
            if directory.path.exists():  # an earlier attempt was interrupted
                shutil.rmtree(directory.path)
            items = write_export(pages, directory, summary, output_format=output_format)
        except OSError as error:
            raise access_denied(str(error)) from error
        return {"ExportManifest": directory.manifest_key, "BilledSizeBytes": size, "ItemCount": items}

    # --- imports -----------------------------------------------------------------------------------------------------

    def read(self, job: Job, key_types: Mapping[str, str], load: Load) -> Imported:
        request = job.request
        reading = _Reading(load, _reader(request, key_types), request["InputFormat"])
        compression = request.get("InputCompressionType", "NONE").lower()
        try:
            for path in self._objects(request["S3BucketSource"].get("S3KeyPrefix", "")):
                reading.read(path, compression)
        except OSError as error:
            raise access_denied(str(error)) from error
        return reading.imported()

    def _objects(self, prefix: str) -> Iterator[Path]:
        """The files whose keys begin with a prefix, by key."""
        keys = (path.relative_to(self._path).as_posix() for path in self._path.rglob("*") if path.is_file())
        for key in sorted(key for key in keys if key.startswith(prefix)):
            yield self._path / key


def _reader(request: Mapping[str, Any], key_types: Mapping[str, str]) -> Reader:
    """What reads an import's objects; raise JobFailed."""
    if request["InputFormat"] == "CSV":
        options = request.get("InputFormatOptions", {}).get("Csv", {})
        csv = CsvFormat(key_types, delimiter=options.get("Delimiter", ","), header=options.get("HeaderList"))
        return csv.read
    if request["InputFormat"] == "ION":
        try:
            return ion_reader()
        except SourceError as error:
            raise JobFailed("UNKNOWN", str(error)) from error
    return read_items


@dataclass
class _Reading:
    """The objects of an import, put into its table one after another."""

    load: Load
    reader: Reader
    format: str
    errors: int = 0
    items: int = 0
    size: int = 0

    def imported(self) -> Imported:
        return Imported(self.items + self.errors, self.items, self.errors, self.size)

    def read(self, path: Path, compression: str) -> None:
        """Raise OSError."""
        size = path.stat().st_size
        if size == 0:
            return
        self.size += size
        if stored_compression(path) != compression:
            self.errors += 1
            return
        source = Source(path, self.format, (SourceFile(path, size),))
        loaded = 0
        try:
            for progress in self.load(self._items(source), self._refused):
                loaded = progress.items
        except SourceError:
            self.errors += 1
        self.items += loaded

    def _items(self, source: Source) -> Iterator[Mapping[str, Any]]:
        for _, record in records_of(source, self._until_unreadable):
            if record.item is None:
                self.errors += 1
            else:
                yield record.item

    def _until_unreadable(self, stream: BinaryIO, skip: int) -> Iterator[Record]:
        for record in self.reader(stream, skip):
            yield record
            if record.item is None:
                return

    def _refused(self, ordinal: int, error: ApiError) -> None:
        self.errors += 1
