"""``ddbengine export``: the items of a table into a file, or a directory laid out as the service's exports.

Exit codes: 0 the export is complete, 2 it cannot be carried out, 130 it was interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ddbengine.commands.exchange import DONE, Progress, access_of, carry_out, progress, say
from ddbengine.commands.exchange_options import S3_EXPORT
from ddbengine.exchange.access import AccessError, TableAccess
from ddbengine.exchange.compression import STDIN, compression_of
from ddbengine.exchange.exporting import (
    csv_header,
    csv_writer,
    export_to_directory,
    export_to_file,
    json_writer,
)
from ddbengine.exchange.records import SourceError
from ddbengine.exchange.sources import CSV, ION, JSON, format_of

__all__ = ["run"]


def run(given: argparse.Namespace) -> int:
    """Export as the options say, and return the exit code."""
    return carry_out(_export, given)


def _export(given: argparse.Namespace) -> int:
    kind = given.format or _format_by_name(given.target)
    if kind == CSV and not given.columns:
        raise SourceError("CSV needs the names of its columns: --columns NAMES")
    _check_is_free(given, kind)
    with access_of(given, given.table, may_create=False) as access:
        answer = access.describe(given.table)
        if answer is None:
            raise AccessError(f"{access.name}: there is no table {given.table!r}")
        if given.schema_file is not None:
            given.schema_file.write_bytes(orjson.dumps(answer, default=_seconds, option=orjson.OPT_INDENT_2))
        total = answer["Table"].get("ItemCount", 0)
        with progress(given.quiet, total, " items") as bar:
            where, items = _write(given, kind, access, answer["Table"], bar)
            summary = f"{items:,} items of table {given.table} into {where} in {bar.seconds():.1f} s"
            summary += f" ({bar.rate():,.0f} items/s)"
    if not given.quiet:
        say(summary)
    return DONE


def _format_by_name(target: Path) -> str:
    if target == STDIN:
        return JSON
    kind = S3_EXPORT if target.is_dir() else format_of(target) or JSON
    if kind == ION:
        raise SourceError(f"{target}: Ion can only be read, not written")
    return kind


def _check_is_free(given: argparse.Namespace, kind: str) -> None:
    files = [given.schema_file] + ([] if kind == S3_EXPORT or given.target == STDIN else [given.target])
    for path in files:
        if path is not None and path.exists() and not given.force:
            raise SourceError(f"{path}: exists; --force replaces it")


def _write(
    given: argparse.Namespace, kind: str, access: TableAccess, description: dict[str, Any], bar: Progress
) -> tuple[str, int]:
    """Where the items are now, and how many."""
    pages = access.scan(given.table)
    if kind == S3_EXPORT:
        directory, items = export_to_directory(pages, given.target, description, bar.add)
        return str(directory), items
    delimiter = given.delimiter or ","
    writer = csv_writer(given.columns, delimiter) if kind == CSV else json_writer
    header = csv_header(given.columns, delimiter) if kind == CSV else b""
    is_stdout = given.target == STDIN
    target: Path | BinaryIO = sys.stdout.buffer if is_stdout else given.target
    compression = given.compression or ("none" if is_stdout else compression_of(given.target))
    try:
        items = export_to_file(pages, target, compression, writer, bar.add, header)
        if is_stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        # Nothing more can be written, not even what Python would flush at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
    return "the standard output" if is_stdout else str(given.target), items


def _seconds(value: Any) -> float:
    """Times, which a client gives as datetimes, as the service sends them."""
    seconds: float = value.timestamp()
    return seconds
