"""The command line of ``ddbengine streams``.  It imports nothing that help and refusals do not need."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
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
    _add_list(of_streams)
    _add_describe(of_streams)
    _add_tail(of_streams)
    _add_consume(of_streams)


def _add_where(parser: argparse.ArgumentParser) -> None:
    """The options that say which endpoint is meant, and as whom."""
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


def _add(
    commands: Any,
    name: str,
    command: Callable[[argparse.Namespace], int],
    help: str,
    description: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=description, epilog=_EXIT_CODES, allow_abbrev=False
    )
    parser.set_defaults(run=command)
    _add_where(parser)
    return parser


def _add_list(commands: Any) -> None:
    parser = _add(commands, "list", _list, "list streams", "List the streams of all tables, or of one.")
    parser.add_argument("--table", metavar="TABLE", help="of this table only")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each stream")


def _add_describe(commands: Any) -> None:
    parser = _add(
        commands,
        "describe",
        _describe,
        "show a stream's shards as a tree",
        "Show the stream of a table: its state, and its shards below those they came from.",
    )
    _add_table(parser)
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _add_tail(commands: Any) -> None:
    parser = _add(
        commands,
        "tail",
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


def _add_consume(commands: Any) -> None:
    parser = _add(
        commands,
        "consume",
        _consume,
        "hand records to a function, a command or an endpoint",
        "Hand the records of a stream on in batches, each record at least once and in order for each item. What has "
        "been handled is remembered in a table, which all workers of an application share: start it again, and it "
        "goes on where it was; start it on several machines, and they share the shards.",
    )
    _add_table(parser)
    _add_handler(parser)
    _add_from(parser, "trim-horizon")
    _add_filter(parser)
    _add_batches(parser)
    _add_failing(parser)
    _add_sharing(parser)
    parser.add_argument("--metrics-port", type=_port, metavar="PORT", help="serve metrics for Prometheus on 127.0.0.1")
    parser.add_argument("--verbose", action="store_true", help="log more")


def _add_handler(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("handler, one of")
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--handler",
        metavar="MODULE:FUNCTION",
        help="a Python function that takes an event as AWS Lambda gives it, and may return batchItemFailures",
    )
    which.add_argument(
        "--exec", metavar="COMMAND", help="a command, run for each batch with one record a line on its standard input"
    )
    which.add_argument("--http", metavar="URL", help="an endpoint that each event is posted to")
    group.add_argument("--timeout", type=_span, metavar="TIME", help="for a command (default: none) or an answer (60s)")
    group.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="sent along to the endpoint; repeatable"
    )


def _add_batches(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("batches").add_argument
    add("--batch-size", type=_count, metavar="N", help="records at most, 1 to 10,000 (default: 100)")
    add(
        "--batch-window",
        dest="batch_window_seconds",
        type=_span,
        metavar="TIME",
        help="how long to wait for a batch to fill, up to 5 minutes (default: 0s)",
    )


def _add_failing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("batches that fail")
    add = group.add_argument
    add(
        "--attempts",
        dest="attempts_max",
        type=_count,
        metavar="N",
        help="give records up that have failed so often; by default they are tried for ever, and hold up their shard",
    )
    add("--bisect", action="store_true", help="cut a failing batch in half until the record at fault is alone")
    add(
        "--retry-max",
        dest="retry_seconds_max",
        type=_span,
        metavar="TIME",
        help="the longest wait between two attempts (default: 30s)",
    )
    where = group.add_mutually_exclusive_group()
    where.add_argument("--dead-letter-file", type=Path, metavar="FILE", help="put records there that are given up")
    where.add_argument("--dead-letter-table", metavar="TABLE", help="or there; the table is made if it is not there")
    where.add_argument("--discard-dead-letters", action="store_true", help="or nowhere")


def _add_sharing(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("sharing").add_argument
    add("--application", metavar="NAME", help="the table that remembers, made if not there (default: TABLE-consumer)")
    add("--worker", metavar="NAME", help="of this process, of which there is no other (default: made up)")
    add(
        "--lease",
        dest="lease_seconds",
        type=_span,
        metavar="TIME",
        help="how long a worker may be silent before others take its shards (default: 10s)",
    )
    add("--shards-max", type=_count, metavar="N", help="read at most so many shards at a time (default: 100)")
    add(
        "--poll",
        dest="poll_seconds",
        type=_span,
        metavar="TIME",
        help="how often to read a shard in which nothing happens (default: 0.25s)",
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


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


def _consume(given: argparse.Namespace) -> int:
    from ddbengine.commands.streams.consume import consume
    from ddbengine.commands.streams.running import run

    return run(consume, given)


def _tail(given: argparse.Namespace) -> int:
    from ddbengine.commands.streams.running import run
    from ddbengine.commands.streams.tail import tail

    return run(tail, given)
