"""The command line: ``ddbengine serve`` with its options, or the options of DynamoDB Local as its users spell them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ddbengine import __version__

if TYPE_CHECKING:
    from ddbengine.api.server import Options
    from ddbengine.engine.fault_rules import FaultRules

__all__ = ["main"]

_DEFAULT_PATH = Path("ddbengine-data")
_DEFAULT_PORT = 8000
_TTL_INTERVAL_MIN_SECONDS = 0.01
_TTL_INTERVAL_MAX_SECONDS = 86_400
_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_VERSION = f"ddbengine {__version__}"

_LOCAL_EPILOG = """\
These are the options of DynamoDB Local. `ddbengine serve --help` lists our own, which can do more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code, or exits with 2 when it is not understood."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _local_options(words) if _is_local_spelling(words) else _own_options(words)

    # Imported only now: help, version and usage errors need none of it.
    from ddbengine.api.server import serve

    return serve(options)


def _is_local_spelling(words: Sequence[str]) -> bool:
    """DynamoDB Local has no commands, and options of one dash and several letters."""
    return bool(words) and words[0].startswith("-") and not words[0].startswith("--") and len(words[0]) > 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; who wants the usage asks for it."""

    help_option = "--help"

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"ddbengine: {message} (see {self.prog} {self.help_option})\n")


class _LocalParser(_Parser):
    help_option = "-help"


# --- our own spelling ------------------------------------------------------------------------------------------------


def _own_options(words: Sequence[str]) -> Options:
    parser = _Parser("ddbengine", description="A DynamoDB-compatible storage engine.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=_VERSION, help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    serve = commands.add_parser(
        "serve",
        help="answer DynamoDB requests over HTTP",
        description="Answer DynamoDB requests over HTTP until SIGTERM or Ctrl+C.",
        allow_abbrev=False,
    )
    _add_serve_options(serve)
    given = parser.parse_args(words)
    if given.command is None:
        parser.error("say what to do: ddbengine serve")
    if given.tls_key is not None and given.tls_cert is None:
        serve.error("--tls-key needs --tls-cert")
    from ddbengine.api.server import Options

    return Options(
        host=given.host,
        port=given.port,
        path=None if given.in_memory else given.db_path,
        shared=given.shared_db,
        cors=given.cors,
        delay_transient_statuses=given.delay_transient_statuses,
        log_level=given.log_level.upper(),
        tls_cert=given.tls_cert,
        tls_key=given.tls_key,
        ttl_interval=given.ttl_interval,
        adjustable_clock=given.adjustable_clock,
        faults=given.faults,
    )


def _add_serve_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s, this machine only)")
    add("--port", type=_port, default=_DEFAULT_PORT, help="port to listen on; 0 lets the system choose (default: 8000)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--in-memory", action="store_true", help="keep nothing when the server stops")
    where.add_argument(
        "--db-path",
        type=Path,
        metavar="DIR",
        default=_DEFAULT_PATH,
        help="directory of the data, made if absent (default: ./%(default)s)",
    )
    add("--shared-db", action="store_true", help="the same tables for every access key and region")
    add("--cors", metavar="ORIGINS", help="origins of web pages that may call, separated by commas (default: all)")
    add("--delay-transient-statuses", action="store_true", help="show CREATING and its like for a while, as the cloud")
    add(
        "--log-level",
        type=str.lower,
        choices=_LOG_LEVELS,
        default="warning",
        metavar="LEVEL",
        help="one of %(choices)s",
    )
    add("--tls-cert", type=Path, metavar="FILE", help="serve HTTPS with this PEM certificate (chain)")
    add("--tls-key", type=Path, metavar="FILE", help="its PEM private key, if not in the same file")
    add(
        "--ttl-interval",
        type=_seconds,
        metavar="SECONDS",
        default=1.0,
        help="how often to look for expired items (default: 1)",
    )
    add("--adjustable-clock", action="store_true", help="let POST /_ddbengine/clock put the server's time forward")
    add("--faults", type=_faults, metavar="FILE|JSON", help="make requests fail as these rules say (docs/faults.md)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _TTL_INTERVAL_MIN_SECONDS <= seconds <= _TTL_INTERVAL_MAX_SECONDS:
        raise argparse.ArgumentTypeError(
            f"a number of seconds from {_TTL_INTERVAL_MIN_SECONDS} to {_TTL_INTERVAL_MAX_SECONDS}, not {text!r}"
        )
    return seconds


def _faults(text: str) -> FaultRules:
    from ddbengine.engine.fault_rules import BadFaultRules, read_fault_rules

    try:
        return read_fault_rules(text)
    except BadFaultRules as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


# --- the spelling of DynamoDB Local ----------------------------------------------------------------------------------


def _local_options(words: Sequence[str]) -> Options:
    parser = _LocalParser("ddbengine", add_help=False, allow_abbrev=False, epilog=_LOCAL_EPILOG)
    add = parser.add_argument
    add(
        "-port", type=_local_port, metavar="<port-no.>", default=_DEFAULT_PORT, help="port to listen on (default: 8000)"
    )
    add("-inMemory", action="store_true", help="keep nothing when the server stops")
    add("-dbPath", type=Path, metavar="<path>", help=f"directory of the data (default: ./{_DEFAULT_PATH})")
    add("-sharedDb", action="store_true", help="the same tables for every access key and region")
    add("-cors", metavar="<allow-list>", help="origins that may call, separated by commas (default: '*')")
    add("-delayTransientStatuses", action="store_true", help="show CREATING and its like for a while")
    add("-optimizeDbBeforeStartup", action="store_true", help="accepted with -dbPath; there is nothing to optimize")
    add("-disableTelemetry", action="store_true", help="accepted; there is no telemetry")
    add("-version", action="version", version=_VERSION, help="print the version")
    add("-help", action="help", help="print this")
    given = parser.parse_args(words)
    if given.inMemory and given.dbPath is not None:
        parser.error("dbPath and inMemory cannot be set at the same time")
    if given.optimizeDbBeforeStartup and given.dbPath is None:
        parser.error("optimizeDbBeforeStartup must be used with dbPath")
    from ddbengine.api.server import Options

    return Options(
        port=given.port,
        path=None if given.inMemory else given.dbPath or _DEFAULT_PATH,
        shared=given.sharedDb,
        cors=given.cors,
        delay_transient_statuses=given.delayTransientStatuses,
    )


def _local_port(text: str) -> int:
    port = _port(text)
    if port == 0:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535, not '0'")
    return port


if __name__ == "__main__":
    sys.exit(main())
