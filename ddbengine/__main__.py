"""The command line: the commands with their options, or the options of DynamoDB Local as its users spell them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ddbengine import __version__
from ddbengine.commands.exchange_options import (
    EXPORT_EXIT_CODES,
    IMPORT_EXIT_CODES,
    add_export_options,
    add_import_options,
    check_export_options,
    check_import_options,
)
from ddbengine.commands.streams.arguments import add_streams
from ddbengine.options import CHOICES, NUMBERS

if TYPE_CHECKING:
    from ddbengine.api.server import Options
    from ddbengine.engine.fault_rules import FaultRules
    from ddbengine.engine.job_running import Buckets

__all__ = ["main"]

_DEFAULT_PATH = Path("ddbengine-data")
_DEFAULT_PORT = 8000
_REPLICAS_ON_DISK = 3
_REALISTIC_GSI_LAG_MS = 200
_REALISTIC_REPLICA_LAG_MS = 50
_REALISTIC_HELP = (
    f"be as late as the cloud: --delay-transient-statuses, --gsi-lag {_REALISTIC_GSI_LAG_MS}, partitions as the "
    f"throughput asks for, and with three replicas --eventual-reads any --replica-lag {_REALISTIC_REPLICA_LAG_MS}; "
    "options given beside it win"
)
_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_VERSION = f"ddbengine {__version__}"

_LOCAL_EPILOG = """\
These are the options of DynamoDB Local. `ddbengine serve --help` lists our own, which can do more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code, or exits with 2 when it is not understood."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if _is_local_spelling(words):
        return _serve(_local_options(words))
    command: Callable[[argparse.Namespace], int]
    command, given = _own_command(words)
    return command(given)


def _serve(options: Options) -> int:
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


def _own_command(words: Sequence[str]) -> tuple[Callable[[argparse.Namespace], int], argparse.Namespace]:
    """What to run, and the arguments to run it with; exits when they are not understood."""
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
    serve.set_defaults(run=_serve_given)
    doctor = commands.add_parser(
        "doctor",
        help="check a store that no server has open, and repair it",
        description="Check a store that no server has open: every replica by itself, the replicas beside each other, "
        "and every item, index entry and counter. Nothing is changed without --repair.",
        epilog="exit codes: 0 clean, be it after a repair; 1 something was found; 2 the store cannot be examined",
        allow_abbrev=False,
    )
    _add_doctor_options(doctor)
    doctor.set_defaults(run=_doctor)
    add_streams(commands)
    exchange = _add_exchange(commands)
    given = parser.parse_args(words)
    if given.command == "serve" and given.realistic:
        serve.set_defaults(**_realistic_defaults(given))
        given = parser.parse_args(words)
    if given.command is None:
        parser.error("say what to do: ddbengine serve")
    if given.command in exchange:
        return exchange[given.command](given), given
    if given.command == "serve":
        _check_serve_options(serve, given)
    return given.run, given


def _serve_given(given: argparse.Namespace) -> int:
    return _serve(_serve_options(given))


def _serve_options(given: argparse.Namespace) -> Options:
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
        replicas=given.replicas,
        replica_paths=tuple(given.replica_path),
        durability=given.durability,
        eventual_reads=given.eventual_reads or "leader",
        replica_lag_ms=given.replica_lag,
        min_replicas=given.min_replicas,
        ttl_interval=given.ttl_interval,
        item_collection_limit=given.item_collection_limit,
        gsi_lag_ms=given.gsi_lag,
        adjustable_clock=given.adjustable_clock,
        partitions=given.partitions,
        shard_rollover=given.shard_rollover,
        stream_retention_hours=given.stream_retention,
        adjustable_partitions=given.adjustable_partitions,
        faults=given.faults,
        buckets=_buckets(given.s3_directory),
        workers=given.workers,
    )


def _buckets(directory: Path | None) -> Buckets | None:
    if directory is None:
        return None
    from ddbengine.exchange.buckets import DirectoryBuckets

    return DirectoryBuckets(directory)


def _realistic_defaults(given: argparse.Namespace) -> dict[str, Any]:
    """What --realistic sets, unless it is given by itself."""
    defaults: dict[str, Any] = {"delay_transient_statuses": True, "gsi_lag": _REALISTIC_GSI_LAG_MS, "partitions": None}
    if _replicas_of(given) > 1 and given.eventual_reads != "leader":
        defaults |= {"eventual_reads": "any", "replica_lag": _REALISTIC_REPLICA_LAG_MS}
    return defaults


def _replicas_of(given: argparse.Namespace) -> int:
    if given.replicas is not None:
        return int(given.replicas)
    return 1 if given.in_memory else _REPLICAS_ON_DISK


def _check_serve_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Refuse options that contradict each other, or that would be without effect."""
    if given.s3_directory is not None and not given.s3_directory.is_dir():
        parser.error(f"--s3-directory: {given.s3_directory} is no directory")
    if given.tls_key is not None and given.tls_cert is None:
        parser.error("--tls-key needs --tls-cert")
    replicas, paths = _replicas_of(given), given.replica_path
    if given.in_memory and (replicas > 1 or paths):
        parser.error("a store in memory has one replica: leave out --in-memory, or --replicas and --replica-path")
    if paths and len(paths) != replicas:
        parser.error(f"--replica-path is to be given once for each of the {replicas} replicas, not {len(paths)} times")
    if len({path.absolute() for path in paths}) < len(paths):
        parser.error("each --replica-path has to be another directory")
    if replicas == 1 and (given.eventual_reads == "any" or given.replica_lag):
        parser.error("--eventual-reads any and --replica-lag need --replicas 3")
    if given.replica_lag and given.eventual_reads != "any":
        parser.error("--replica-lag is seen with --eventual-reads any only")
    if given.min_replicas is not None and given.min_replicas > replicas:
        parser.error(f"--min-replicas cannot be more than the {replicas} there are")


def _add_doctor_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="directory of the data, as given to serve with --db-path")
    _add_replica_path(parser)
    add("--repair", action="store_true", help="rebuild damaged and missing replicas from the best sound one")
    add("--json", action="store_true", help="print the report as JSON")


def _doctor(given: argparse.Namespace) -> int:
    from ddbengine.commands.doctor import run

    return run(given.path, given.replica_path, mend=given.repair, as_json=given.json)


_Command = Callable[[argparse.Namespace], int]


def _add_exchange(
    commands: argparse._SubParsersAction[_Parser],
) -> dict[str, Callable[[argparse.Namespace], _Command]]:
    """Add import and export; by name, what checks their options and gives what runs them."""
    into = commands.add_parser(
        "import",
        help="put items from files into a table",
        description="Put items from files into a table, which is created if it is not there and --schema says how.",
        epilog=IMPORT_EXIT_CODES,
        allow_abbrev=False,
    )
    add_import_options(into, lambda: _add_replica_path(into))
    out = commands.add_parser(
        "export",
        help="write the items of a table to a file",
        description="Write the items of a table to a file, or to a directory laid out as the service's exports to S3.",
        epilog=EXPORT_EXIT_CODES,
        allow_abbrev=False,
    )
    add_export_options(out, lambda: _add_replica_path(out))

    def importing(given: argparse.Namespace) -> _Command:
        check_import_options(into, given)
        from ddbengine.commands.import_items import run

        return run

    def exporting(given: argparse.Namespace) -> _Command:
        check_export_options(out, given)
        from ddbengine.commands.export_items import run

        return run

    return {"import": importing, "export": exporting}


def _add_replica_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--replica-path",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="directory of a replica, given once for each (default: az1, az2 and az3 in the data's directory)",
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
    _add_replication_options(parser)
    add("--realistic", action="store_true", help=_REALISTIC_HELP)
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
        **_number("ttl_interval"),
        metavar="SECONDS",
        help="how often to look for expired items (default: 1)",
    )
    add(
        "--item-collection-limit",
        **_number("item_collection_limit"),
        metavar="BYTES",
        help="how large the items of one partition key may be together on a table with local indexes (default: 10 GB)",
    )
    add(
        "--gsi-lag",
        **_number("gsi_lag_ms"),
        metavar="MS",
        help="how late global secondary indexes show a write (default: reads of them wait for what was written before)",
    )
    add("--workers", type=_positive, metavar="N", default=1, help="processes that serve the port (default: 1)")
    add("--adjustable-clock", action="store_true", help="let POST /_ddbengine/clock put the server's time forward")
    add(
        "--s3-directory",
        type=Path,
        metavar="DIR",
        help="directory whose subdirectories are the S3 buckets that ExportTableToPointInTime and ImportTable name "
        "(default: there are no buckets)",
    )
    add("--faults", type=_faults, metavar="FILE|JSON", help="make requests fail as these rules say (docs/faults.md)")
    _add_stream_options(parser)


def _add_stream_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--partitions",
        **_number("partitions"),
        metavar="N",
        help="partitions of a new table, each of which feeds a shard of its stream (default: 1; with --realistic, as "
        "many as its throughput asks for)",
    )
    add(
        "--shard-rollover",
        **_number("shard_rollover"),
        metavar="SECONDS",
        help="how long a shard of a stream is open before another one follows it (default: 14400, four hours)",
    )
    add(
        "--stream-retention",
        **_number("stream_retention_hours"),
        metavar="HOURS",
        help="how long the records of streams can be read (default: 24)",
    )
    add("--adjustable-partitions", action="store_true", help="let POST /_ddbengine/partitions split partitions")


def _number(name: str) -> dict[str, Any]:
    """What argparse is to know of an option that is a number."""
    number = NUMBERS[name]

    def read(text: str) -> float:
        try:
            return number.of(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return {"type": read, "default": number.default}


def _faults(text: str) -> FaultRules:
    from ddbengine.engine.fault_rules import BadFaultRules, read_fault_rules

    try:
        return read_fault_rules(text)
    except BadFaultRules as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _add_replication_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--replicas", type=int, choices=CHOICES["replicas"], help="copies of the data (default: 3 on disk, 1 in memory)"
    )
    _add_replica_path(parser)
    add(
        "--durability",
        choices=CHOICES["durability"],
        default="quorum",
        help="answer a write when two replicas have it on disk, when one has, or when none needs to (default: quorum)",
    )
    add(
        "--eventual-reads",
        choices=CHOICES["eventual_reads"],
        help="who serves eventually consistent reads: the leader, or any replica in turn (default: leader)",
    )
    add(
        "--replica-lag",
        **_number("replica_lag_ms"),
        metavar="MS",
        help="how long followers show old data, so that an application can be tested with stale reads (default: 0)",
    )
    add(
        "--min-replicas",
        **_number("min_replicas"),
        metavar="N",
        help="replicas without which writes are refused (default: 2 of 3)",
    )


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not {text!r}")
    return int(text)


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
