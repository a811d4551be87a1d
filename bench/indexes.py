"""Requests per second on secondary indexes, beside DynamoDB Local: reads of each kind, and writes with 0, 1, 5 of them.

    python -m bench.indexes [--seconds 3] [--rounds 2] [--connections 16] [--only NAME ...]

All engines run at once and are measured in turn, round by round; the first round warms them up, and of the others the
median is shown.  Reads: 10,000 items of about 200 bytes, 25 to a partition of an index; a page of
a Scan has 100.  Writes replace items of another table, so that each moves in every global index, all of which hold
whole items.  "behind" is how long the first read of an index takes right after the writes: it waits for what the
index has not got yet.  The client shares the machine with the server: compare the rows of one run.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import drive, write_requests
from bench.targets import TARGETS, Target, Unavailable, call, connected, start_target

ITEMS = 10_000
PER_PARTITION = 25
WRITE_ITEMS = 2_000
BATCH = 25
PADDING = "x" * 130
INDEX_COUNTS = (0, 1, 5)
MEASURED = [target for target in TARGETS if target.name in ("ddbengine", "ddbengine, 3 replicas", "DynamoDB Local")]
WRITES_IN_A_CYCLE = 20_000
"""After so many, drawn once, the same writes come again; by then every item has changed."""

_ALL = {"ProjectionType": "ALL"}
_ON_GLOBAL = {"TableName": "reads", "IndexName": "global", "KeyConditionExpression": "g = :key"}
_ON_LOCAL = {"TableName": "reads", "IndexName": "local", "KeyConditionExpression": "pk = :key"}

READS: dict[str, tuple[str, dict[str, Any]]] = {
    "Query global": ("Query", _ON_GLOBAL),
    "Query local": ("Query", _ON_LOCAL),
    "Query local, fetching": ("Query", _ON_LOCAL | {"Select": "ALL_ATTRIBUTES"}),
    "Scan global": ("Scan", {"TableName": "reads", "IndexName": "global", "Limit": 100}),
}
"""What is measured: the operation, and its request; a Query's without the key, ``:key``."""


def main() -> None:
    given = _arguments()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = [peer for target in _wanted(given) if (peer := _start(stack, target, directory))]
        figures: dict[tuple[str, str], list[float]] = {}
        for _ in range(1 + given.rounds):
            for peer in running:
                for title, figure in measure(directory, peer.port, given.seconds, given.connections):
                    figures.setdefault((peer.name, title), []).append(figure)
    _print_table([peer.name for peer in running], {key: statistics.median(each[1:]) for key, each in figures.items()})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.indexes", description="Requests per second on indexes.")
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each, of which the median is shown")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[target.name for target in MEASURED])
    return parser.parse_args()


def _wanted(given: argparse.Namespace) -> list[Target]:
    return [target for target in MEASURED if not given.only or target.name in given.only]


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    port: int


def _start(stack: ExitStack, target: Target, directory: Path) -> Peer | None:
    """The engine with its tables loaded; None, with a word why, where it cannot run."""
    try:
        port = start_target(stack, target, directory).server.port
    except Unavailable as error:
        print(f"{target.name} is left out: {error}", file=sys.stderr)
        return None
    load(port)
    return Peer(target.name, port)


# --- tables ----------------------------------------------------------------------------------------------------------


def load(port: int, items: int = ITEMS) -> None:
    """Make the tables, and fill the one that is read."""
    with connected(port) as connection:
        call(connection, "CreateTable", _reads_table())
        for count in INDEX_COUNTS:
            call(connection, "CreateTable", _writes_table(count))
        for first in range(0, items, BATCH):
            puts = [{"PutRequest": {"Item": _item(number)}} for number in range(first, min(first + BATCH, items))]
            call(connection, "BatchWriteItem", {"RequestItems": {"reads": puts}})


def _reads_table() -> dict[str, Any]:
    return {
        "TableName": "reads",
        "AttributeDefinitions": _definitions(pk="S", sk="S", g="S", n="N"),
        "KeySchema": _key("pk", "sk"),
        "GlobalSecondaryIndexes": [{"IndexName": "global", "KeySchema": _key("g", "n"), "Projection": _ALL}],
        "LocalSecondaryIndexes": [
            {"IndexName": "local", "KeySchema": _key("pk", "n"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _writes_table(indexes: int) -> dict[str, Any]:
    table: dict[str, Any] = {
        "TableName": f"writes-{indexes}",
        "AttributeDefinitions": _definitions(pk="S"),
        "KeySchema": _key("pk"),
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        table["AttributeDefinitions"] = _definitions(pk="S", g="S", n="N")
        table["GlobalSecondaryIndexes"] = [
            {"IndexName": f"idx{number}", "KeySchema": _key("g", "n"), "Projection": _ALL} for number in range(indexes)
        ]
    return table


def _definitions(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def _key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "RANGE" if place else "HASH"} for place, name in enumerate(names)]


def _item(number: int) -> dict[str, Any]:
    """Items share a partition of the table, and of the global index, with 24 others, but not with the same ones."""
    partitions = ITEMS // PER_PARTITION
    return {
        "pk": {"S": f"user#{number % partitions:05}"},
        "sk": {"S": f"{number:05}"},
        "g": {"S": f"user#{number // PER_PARTITION:05}"},
        "n": {"N": str(number * 7919 % ITEMS)},
        "data": {"S": PADDING},
    }


# --- measurements ----------------------------------------------------------------------------------------------------


def measure(directory: Path, port: int, seconds: int, connections: int) -> Iterator[tuple[str, float]]:
    """Titles and figures: requests per second, and of "behind" seconds."""
    requests = directory / "requests"

    def rate_of(operation: str, bodies: Iterable[dict[str, Any]]) -> float:
        write_requests(requests, operation, bodies)
        return drive(port, requests, seconds, connections).rate

    for title, (operation, request) in READS.items():
        yield title, rate_of(operation, reads(request))
    for count in INDEX_COUNTS:
        yield f"PutItem, {count} indexes", rate_of("PutItem", puts(count, random.Random(count)))
        if count:
            yield f"behind, {count} indexes", _seconds_behind(port, count)


def reads(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The request for each partition of the index, or just once for a Scan."""
    if "KeyConditionExpression" not in request:
        yield request
        return
    for number in range(ITEMS // PER_PARTITION):
        yield request | {"ExpressionAttributeValues": {":key": {"S": f"user#{number:05}"}}}


def puts(indexes: int, drawn: random.Random, count: int = WRITES_IN_A_CYCLE) -> Iterator[dict[str, Any]]:
    """Puts that go round the items; the keys of the indexes are drawn."""
    for number in range(count):
        item = {
            "pk": {"S": f"user#{number % WRITE_ITEMS:05}"},
            "g": {"S": str(drawn.randrange(100))},
            "n": {"N": str(drawn.randrange(10**9))},
            "data": {"S": PADDING},
        }
        yield {"TableName": f"writes-{indexes}", "Item": item}


def _seconds_behind(port: int, indexes: int) -> float:
    slowest = 0.0
    for number in range(indexes):
        request = {"TableName": f"writes-{indexes}", "IndexName": f"idx{number}", "Limit": 1}
        with _timed() as elapsed, connected(port) as connection:
            call(connection, "Scan", request)
        slowest = max(slowest, elapsed[0])
    return slowest


@contextmanager
def _timed() -> Iterator[list[float]]:
    elapsed: list[float] = []
    began = time.perf_counter()
    yield elapsed
    elapsed.append(time.perf_counter() - began)


def _print_table(names: Sequence[str], figures: dict[tuple[str, str], float]) -> None:
    print(f"{'':26}" + "".join(f"{name:>24}" for name in names))
    for title in dict.fromkeys(title for _, title in figures):
        cells = (figures[name, title] for name in names)
        is_time = title.startswith("behind")
        print(f"{title:26}" + "".join(f"{cell * 1e3:>21,.1f} ms" if is_time else f"{cell:>22,.0f}/s" for cell in cells))


if __name__ == "__main__":
    main()
