"""One export: all items of a table into a file, or into a directory laid out as the service's exports."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import secrets
import time
from base64 import b32encode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ddbengine.exchange.compression import compressed
from ddbengine.exchange.csv_items import row_of
from ddbengine.exchange.ion_text import ion_lines
from ddbengine.exchange.json_lines import line_of
from ddbengine.exchange.s3_layout import DATA, ExportDirectory, etag_of
from ddbengine.limits import MIB

__all__ = [
    "Writer",
    "csv_header",
    "csv_writer",
    "export_to_directory",
    "export_to_file",
    "iso_time",
    "json_writer",
    "write_export",
]

DATA_FILE_MAX_BYTES = 256 * MIB
"""Of a data file's content before compression."""
_NAME_BYTES = 16

Pages = Iterable[list[bytes]]
"""Items as DynamoDB JSON text."""
OnItems = Callable[[int], None]
"""Told how many items more have been written."""
Writer = Callable[[list[bytes]], bytes]
"""What items look like in a file."""


def json_writer(items: list[bytes]) -> bytes:
    return b"".join(map(line_of, items))


def csv_writer(columns: Sequence[str], delimiter: str = ",") -> Writer:
    """Rows of these columns; other attributes are left out."""

    def write(items: list[bytes]) -> bytes:
        return _rows((row_of(orjson.loads(item), columns) for item in items), delimiter)

    return write


def csv_header(columns: Sequence[str], delimiter: str = ",") -> bytes:
    return _rows([columns], delimiter)


def _rows(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def export_to_file(
    pages: Pages, target: Path | BinaryIO, compression: str, writer: Writer, on_items: OnItems, header: bytes = b""
) -> int:
    """Write all items and return how many; a file appears under its name when it is complete.  Raise OSError."""
    if not isinstance(target, Path):
        return _write(pages, target, compression, writer, on_items, header)
    with _complete_or_not_at_all(target) as file:
        return _write(pages, file, compression, writer, on_items, header)


def _write(pages: Pages, file: BinaryIO, compression: str, writer: Writer, on_items: OnItems, header: bytes) -> int:
    items = 0
    with closing(compressed(file, compression)) as stream:
        stream.write(header)
        for page in pages:
            stream.write(writer(page))
            items += len(page)
            on_items(len(page))
    return items


@contextmanager
def _complete_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class _Written:
    key: str
    items: int
    md5: bytes

    def entry(self) -> dict[str, Any]:
        return {
            "itemCount": self.items,
            "md5Checksum": b64encode(self.md5).decode(),
            "etag": etag_of(self.md5),
            "dataFileS3Key": self.key,
        }


def export_to_directory(
    pages: Pages,
    root: Path,
    description: dict[str, Any],
    on_items: OnItems,
    *,
    clock: Callable[[], float] = time.time,
    file_max_bytes: int = DATA_FILE_MAX_BYTES,
) -> tuple[Path, int]:
    """Write an export of its own below ``root``; return its directory and how many items it has.  Raise OSError.

    ``description`` is the table's.
    """
    started = clock()
    export_id = f"{int(started * 1000):014d}-{secrets.token_hex(4)}"
    directory = ExportDirectory(root, export_id)
    summary = {
        "exportArn": f"{description['TableArn']}/export/{export_id}",
        "startTime": iso_time(started),
        "tableArn": description["TableArn"],
        "tableId": description.get("TableId"),
        "exportTime": iso_time(started),
        "s3Bucket": root.resolve().name,
        "s3Prefix": None,
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "billedSizeBytes": description.get("TableSizeBytes", 0),
    }
    items = write_export(pages, directory, summary, on_items, clock=clock, file_max_bytes=file_max_bytes)
    return directory.path, items


def write_export(
    pages: Pages,
    directory: ExportDirectory,
    summary: dict[str, Any],
    on_items: OnItems = lambda _: None,
    *,
    output_format: str = "DYNAMODB_JSON",
    clock: Callable[[], float] = time.time,
    file_max_bytes: int = DATA_FILE_MAX_BYTES,
) -> int:
    """Write the data files and manifests of an export, and return how many items it has; raise OSError.

    ``summary`` has the members of the summary that are known beforehand.  Until that is there, which is written last,
    it is no export.
    """
    directory.start()
    files = list(_data_files(pages, directory, _FORMATS[output_format], on_items, file_max_bytes))
    items = sum(file.items for file in files)
    written = {
        "version": "2020-06-30",
        **summary,
        "endTime": iso_time(clock()),
        "itemCount": items,
        "outputFormat": output_format,
        "exportType": "FULL_EXPORT",
    }
    directory.finish(written, [file.entry() for file in files])
    return items


@dataclass(frozen=True, slots=True)
class _DataFormat:
    suffix: str
    writer: Writer


_FORMATS = {"DYNAMODB_JSON": _DataFormat(".json.gz", json_writer), "ION": _DataFormat(".ion.gz", ion_lines)}


def _data_files(
    pages: Pages, directory: ExportDirectory, data: _DataFormat, on_items: OnItems, file_max_bytes: int
) -> Iterator[_Written]:
    """At least one file, an empty one for an empty table, as the service has it."""
    remaining = iter(pages)
    page = next(remaining, None)
    while True:
        name = b32encode(secrets.token_bytes(_NAME_BYTES)).decode().rstrip("=").lower() + data.suffix
        items = size = 0
        with (directory.path / DATA / name).open("w+b") as file:
            with closing(compressed(file, "gzip")) as stream:
                while page is not None and (size < file_max_bytes or items == 0):
                    text = data.writer(page)
                    stream.write(text)
                    size += len(text)
                    items += len(page)
                    on_items(len(page))
                    page = next(remaining, None)
            file.seek(0)
            md5 = _md5(file)
        yield _Written(directory.key(DATA, name), items, md5)
        if page is None:
            return


def _md5(file: BinaryIO) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    while chunk := file.read(MIB):
        digest.update(chunk)
    return digest.digest()


def iso_time(seconds: float) -> str:
    """ISO 8601 to the millisecond, as the service writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
