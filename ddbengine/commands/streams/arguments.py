"""The command line of ``ddbengine streams``.  It imports nothing that help and refusals do not need."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ddbengine.commands.streams.moments import NotASpan, span_seconds

__all__ = ["add_streams"]

_EXIT_CODES = (
    "exit codes: 0 done, also after Ctrl+C or SIGTERM; 1 failed; 2 the command line, a filter, a start or a handler is "
    "wrong; 3 no such table, or no stream; 4 not reachable; 5 no credentials, or refused ones; 6 the records asked for "
    "are trimmed; 7 throttled for too long"
)


def add_streams(commands: Any) -> None:
    """Add the command and its own commands; each sets ``run``, which takes the arguments and returns the exit code."""
    streams = commands.add_parser(
        "streams",
        help="list, describe, tail and consume the streams of tables, here or at AWS",
        description="What streams tell: the changes of a table's items, in order for each item. Works with this "
        "server, with AWS, and with whatever else speaks the DynamoDB Streams API.",
        epilog=_EXIT_CODES,
        allow_abbrev=False,
    )
    of_streams = streams.add_subparsers(dest="streams_command", metavar="COMMAND", title="commands", required=True)
    where = _where()
    _add_list(of_streams, where)
    _add_describe(of_streams, where)
    _add_tail(of_streams, where)


def _where() -> argparse.ArgumentParser:
    """The options that say which endpoint is meant, and as whom."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("endpoint")
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="default: what AWS_ENDPOINT_URL_DYNAMODB_STREAMS, AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL or the AWS "
        "configuration say, or else http://127.0.0.1:8000",
    )
    which.add_argument("--aws", action="store_true", help="AWS itself, whatever the environment says")
    group.add_argument("--region", help="default: as for the AWS CLI; us-east-1 for a server on this machine")
    group.add_argument("--profile", help="of the AWS configuration, for credentials and region")
    return parser


def _add(
    commands: Any,
    name: str,
    where: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int],
    help: str,
    description: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, parents=[where], help=help, description=description, epilog=_EXIT_CODES, allow_abbrev=False
    )
    parser.set_defaults(run=command)
    return parser


def _add_list(commands: Any, where: argparse.ArgumentParser) -> None:
    parser = _add(commands, "list", where, _list, "list streams", "List the streams of all tables, or of one.")
    parser.add_argument("--table", metavar="TABLE", help="of this table only")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each stream")


def _add_describe(commands: Any, where: argparse.ArgumentParser) -> None:
    parser = _add(
        commands,
        "describe",
        where,
        _describe,
        "show a stream's shards as a tree",
        "Show the stream of a table: its state, and its shards below those they came from.",
    )
    _add_table(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_tail(commands: Any, where: argparse.ArgumentParser) -> None:
    parser = _add(
        commands,
        "tail",
        where,
        _tail,
        "print records as they come",
        "Print what a stream tells, as it comes: all shards, parents before children, in order for each item.",
    )
    _add_table(parser)
    add = parser.add_argument
    _add_from(parser, "latest")
    add(
        "--format",
        choices=("pretty", "jsonl", "lambda"),
        default="pretty",
        help="pretty shows what changed; jsonl is one record a line; lambda is one event a line, as AWS Lambda gets it "
        "(default: pretty)",
    )
    _add_filter(parser)
    add("--limit", type=_count, metavar="N", help="stop after so many records")
    add("--until-idle", type=_span, metavar="TIME", help='stop when nothing has come for so long, such as "5s"')
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto, always or never; auto is on a terminal, unless NO_COLOR is set (default: auto)",
    )


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", metavar="TABLE", help="name or ARN of a table, or the ARN of a stream")


def _add_from(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--from",
        dest="start",
        metavar="WHERE",
        default=default,
        help='latest, trim-horizon, a sequence number, or a moment such as "2 minutes ago", 12:30 or '
        f"2026-11-23T12:30:00Z (default: {default})",
    )


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only records that match this pattern of AWS Lambda's event filters, such as "
        '\'{"eventName": ["REMOVE"]}\'; given more than once, those that match any',
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not {text!r}")
    return int(text)


def _span(text: str) -> float:
    try:
        return span_seconds(text)
    except NotASpan as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# --- what runs them, imported when it does ----------------------------------------------------------------------------


def _list(given: argparse.Namespace) -> int:
    from ddbengine.commands.streams.listing import list_streams
    from ddbengine.commands.streams.running import run

    return run(list_streams, given)


def _describe(given: argparse.Namespace) -> int:
    from ddbengine.commands.streams.listing import describe
    from ddbengine.commands.streams.running import run

    return run(describe, given)


def _tail(given: argparse.Namespace) -> int:
    from ddbengine.commands.streams.running import run
    from ddbengine.commands.streams.tail import tail

    return run(tail, given)
