"""What an import reads: a file, the standard input, a directory of files, or an export of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ddbengine.exchange.compression import CORRUPT, STDIN, SUFFIXES, Input
from ddbengine.exchange.records import Reader, Record, SourceError
from ddbengine.exchange.s3_layout import find_export, md5_of, read_export

__all__ = ["CSV", "FORMATS", "ION", "JSON", "Cursor", "Source", "SourceFile", "find_source", "format_of", "records_of"]

JSON = "dynamodb-json"
CSV = "csv"
ION = "ion"
FORMATS = (JSON, CSV, ION)
_FORMAT_OF_SUFFIX = {".json": JSON, ".jsonl": JSON, ".ndjson": JSON, ".csv": CSV, ".tsv": CSV, ".ion": ION}
_FORMAT_OF_EXPORT = {"DYNAMODB_JSON": JSON, "ION": ION}
_BINARY_ION_SUFFIX = ".10n"


class Cursor(NamedTuple):
    """How far a source is: up to and including a line of a file.  Files are counted from 0, lines from 1."""

    file: int
    line: int


START = Cursor(0, 0)
_RECORDS_BETWEEN_REPORTS = 1_000


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: Path
    size: int
    """Bytes as stored; 0 when that cannot be known."""
    items: int | None = None
    """How many a manifest says there are."""
    md5: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    path: Path
    format: str
    files: tuple[SourceFile, ...]
    table_name: str | None = None
    """The table that was exported."""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def is_export(self) -> bool:
        return self.table_name is not None


def find_source(path: Path, wanted: str | None) -> Source:
    """The files that a path stands for, in the order in which they are read; raise SourceError.

    ``wanted`` is one of FORMATS, None to go by the names of the files.
    """
    if path == STDIN:
        return Source(path, wanted or JSON, (SourceFile(path, 0),))
    if path.is_dir():
        export = find_export(path)
        return _source_of_directory(path, wanted) if export is None else _source_of_export(export)
    if not path.exists():
        raise SourceError(f"{path}: No such file or directory")
    return Source(path, wanted or format_of(path) or JSON, (_plain_file(path),))


def _source_of_export(directory: Path) -> Source:
    export = read_export(directory)
    files = tuple(SourceFile(file.path, file.path.stat().st_size, file.items, file.md5) for file in export.files)
    return Source(directory, _FORMAT_OF_EXPORT[export.format], files, export.table_name)


def _source_of_directory(path: Path, wanted: str | None) -> Source:
    found = {file: format_of(file) for file in sorted(path.iterdir()) if file.is_file()}
    formats = sorted({kind for kind in found.values() if kind is not None})
    if wanted is None and len(formats) > 1:
        raise SourceError(f"{path}: has files of several formats ({', '.join(formats)}), say which one to read")
    kind = wanted or (formats[0] if formats else JSON)
    files = tuple(_plain_file(file) for file, its_kind in found.items() if its_kind == kind)
    if not files:
        raise SourceError(f"{path}: has neither an export's {'manifest-summary.json'} nor files of the format {kind}")
    return Source(path, kind, files)


def _plain_file(path: Path) -> SourceFile:
    return SourceFile(path, path.stat().st_size)


def format_of(path: Path) -> str | None:
    """By the name, as it is without the suffix of a compression; raise SourceError for binary Ion."""
    name = path.name
    for suffix in filter(None, SUFFIXES.values()):
        name = name.removesuffix(suffix)
    if name.endswith(_BINARY_ION_SUFFIX):
        raise SourceError(f"{path}: binary Ion is not supported, only Ion text and DynamoDB JSON")
    return _FORMAT_OF_SUFFIX.get(Path(name).suffix)


def records_of(
    source: Source, reader: Reader, after: Cursor = START, on_read: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, Record]]:
    """The records behind a cursor, with the number of their file; raise SourceError.

    A file whose MD5 a manifest gives is checked before anything of it is read, and its number of items behind it.
    ``on_read`` is told now and then how many bytes of the source have been read.
    """
    before = sum(file.size for file in source.files[: after.file])
    for number, file in enumerate(source.files[after.file :], after.file):
        skip = after.line if number == after.file else 0
        for record in _records_of_file(file, reader, skip, partial(_report, on_read, before)):
            yield number, record
        before += file.size


def _report(on_read: Callable[[int], None], before: int, read: int) -> None:
    on_read(before + read)


def _records_of_file(file: SourceFile, reader: Reader, skip: int, on_read: Callable[[int], None]) -> Iterator[Record]:
    count, line = 0, skip
    try:
        if file.md5 is not None and md5_of(file.path) != file.md5:
            raise SourceError(f"{file.path}: is not what was exported: its MD5 is another one than the manifest's")
        with Input(file.path) as source:
            for record in reader(source.stream, skip):
                line = record.line
                count += 1
                if count % _RECORDS_BETWEEN_REPORTS == 0:
                    on_read(source.position())
                yield record
    except UnicodeDecodeError as error:
        raise SourceError(f"{file.path}:{line + 1}: is not UTF-8 text here or soon after") from error
    except CORRUPT as error:
        raise SourceError(f"{file.path}:{line + 1}: the compressed file is damaged here or soon after") from error
    except OSError as error:
        raise SourceError(f"{file.path}: {error.strerror or error}") from error
    if file.items is not None and not skip and count != file.items:
        raise SourceError(f"{file.path}: has {count} items where the manifest says {file.items}")
