"""The options of ``ddbengine import`` and ``ddbengine export``.  Imports nothing slow: help needs none of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "EXPORT_EXIT_CODES",
    "IMPORT_EXIT_CODES",
    "S3_EXPORT",
    "add_export_options",
    "add_import_options",
    "check_export_options",
    "check_import_options",
]

S3_EXPORT = "s3-export"
DEFAULT_THREADS = 4
IMPORT_EXIT_CODES = (
    "exit codes: 0 every item is in the table; 1 items were refused; 2 the import cannot be carried out; "
    "130 it was interrupted"
)
EXPORT_EXIT_CODES = "exit codes: 0 the export is complete; 2 it cannot be carried out; 130 it was interrupted"

_TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
_DELIMITERS = {"tab": "\t", "space": " "} | {sign: sign for sign in ",;:|\t "}


def add_import_options(parser: argparse.ArgumentParser, add_replica_path: Callable[[], None]) -> None:
    add = parser.add_argument
    add(
        "source",
        type=Path,
        metavar="SOURCE",
        help="file of DynamoDB JSON lines, CSV or Ion text, directory of such files, an export to S3, or - "
        "for the standard input; gzip and zstd are recognised",
    )
    add("--table", metavar="NAME", help="table to import into (default: the exported one, or the only one of --schema)")
    _add_place(parser, add_replica_path)
    add(
        "--threads", type=_positive, metavar="N", default=DEFAULT_THREADS, help="that write to an endpoint (default: 4)"
    )
    add(
        "--schema",
        type=Path,
        metavar="FILE",
        help="create the table when it is not there, as a DescribeTable answer, a CreateTable request or a "
        "CloudFormation template says",
    )
    add("--parameter", type=_assignment, action="append", default=[], metavar="NAME=VALUE", help="of the template")
    add("--format", choices=("dynamodb-json", "csv", "ion"), help="of the source (default: by its name)")
    add(
        "--types",
        type=_types,
        action="append",
        default=[],
        metavar="NAME=TYPE,...",
        help="types of CSV columns that are no keys (default: S)",
    )
    add("--delimiter", type=_delimiter, metavar="SIGN", help="of CSV: , ; : | tab or space (default: ,)")
    add("--header", type=_names, metavar="NAMES", help="names of the CSV columns, when the first row is an item")
    add(
        "--max-errors",
        type=_whole,
        metavar="N",
        help="end when more items than this are refused (default: 0, and no end with --errors-file)",
    )
    add("--errors-file", type=Path, metavar="FILE", help="write the refused items there, with the reason, a line each")
    add("--resume", action="store_true", help="go on where an earlier import of the same source was ended")
    add(
        "--state-file",
        type=Path,
        metavar="FILE",
        help="where it is recorded how far the import is (default: beside the source)",
    )
    add("--quiet", action="store_true", help="no progress bar, and no summary")


def add_export_options(parser: argparse.ArgumentParser, add_replica_path: Callable[[], None]) -> None:
    add = parser.add_argument
    add("target", type=Path, metavar="TARGET", help="file, - for the standard output, or directory for s3-export")
    add("--table", metavar="NAME", required=True, help="table to export")
    _add_place(parser, add_replica_path)
    add("--threads", type=_positive, metavar="N", default=DEFAULT_THREADS, help="that read an endpoint (default: 4)")
    add(
        "--format",
        choices=("dynamodb-json", "csv", S3_EXPORT),
        help="of the target (default: csv for a name that says so, s3-export for a directory, else dynamodb-json)",
    )
    add("--columns", type=_names, metavar="NAMES", help="attributes that are columns of the CSV, in this order")
    add("--delimiter", type=_delimiter, metavar="SIGN", help="of CSV: , ; : | tab or space (default: ,)")
    add("--compression", choices=("none", "gzip", "zstd"), help="of the file (default: by its name)")
    add("--schema-file", type=Path, metavar="FILE", help="write the table's description there, for import --schema")
    add("--force", action="store_true", help="replace files that exist")
    add("--quiet", action="store_true", help="no progress bar, and no summary")


def _add_place(parser: argparse.ArgumentParser, add_replica_path: Callable[[], None]) -> None:
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--path", type=Path, metavar="DIR", help="directory of a store that no server has open")
    place.add_argument("--endpoint-url", metavar="URL", help="of a server, or of the service itself")
    add_replica_path()
    add = parser.add_argument
    add("--access-key-id", metavar="ID", help="whose table it is (default: whoever has one of this name)")
    add("--region", metavar="NAME", help="where the table is")
    add("--shared-db", action="store_true", help="the store is served with --shared-db")


def check_import_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Refuse options that contradict each other, or that would be without effect."""
    _check_place(parser, given)
    if given.parameter and given.schema is None:
        parser.error("--parameter needs --schema")
    if str(given.source) == "-" and (given.resume or given.state_file is not None):
        parser.error("an import of the standard input cannot be resumed")


def check_export_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    _check_place(parser, given)
    if given.format == S3_EXPORT and str(given.target) == "-":
        parser.error("s3-export needs a directory")
    if given.format == S3_EXPORT and given.compression is not None:
        parser.error("the files of s3-export are always gzip: leave out --compression")


def _check_place(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.endpoint_url is not None and (given.replica_path or given.shared_db):
        parser.error("--replica-path and --shared-db are of a store: give --path")
    if given.replica_path and len(given.replica_path) not in (1, 3):
        parser.error(
            f"--replica-path is to be given once for each replica, 1 or 3 times, not {len(given.replica_path)}"
        )
    if given.shared_db and (given.access_key_id or given.region):
        parser.error("a shared store has the same tables for all: leave out --access-key-id and --region")


def _assignment(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"NAME=VALUE is needed, not {text!r}")
    return name, value


def _types(text: str) -> dict[str, str]:
    types = dict(_assignment(part) for part in text.split(","))
    wrong = next((value for value in types.values() if value not in _TYPES), None)
    if wrong is not None:
        raise argparse.ArgumentTypeError(f"a type is one of {', '.join(_TYPES)}, not {wrong!r}")
    return types


def _names(text: str) -> list[str]:
    names = text.split(",")
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"different names with commas between them are needed, not {text!r}")
    return names


def _delimiter(text: str) -> str:
    if text not in _DELIMITERS:
        raise argparse.ArgumentTypeError(f"a delimiter is one of , ; : | tab and space, not {text!r}")
    return _DELIMITERS[text]


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"a whole number is needed, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not {text!r}")
    return number
