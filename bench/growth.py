"""What data and tables cost as they grow: rates and memory at 10,000, a million, ten million items; 10,000 tables.

    python -m bench.growth [--items 10000 1000000] [--tables 10000] [--seconds 3] [--directory DIR]

Items of about 200 bytes in 100 collections, so that a collection grows with its table.  Stores on disk, one replica.
All sizes are measured in turn, round by round, like the engines in ``comparison``; and each store is scanned from end
to end while the memory of its server is watched.

The stores stay in DIR (bench/.cache/growth) and are filled from where the last run left off: ten million items take a
while and three gigabytes.
"""

from __future__ import annotations

import argparse
import http.client
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from bench.load import CACHE, HEADERS, drive, drive_through, write_requests
from bench.targets import call, connected
from tests.servers import Server, ddbengine

COLLECTIONS = 100
BATCH = 25
CHUNK = 100_000
"""Items between two notes of how far a store is filled."""
REQUESTS = 20_000
ROUNDS = 3
CONNECTIONS = 16
PADDING = "x" * 140
FILLED = "filled"
TABLE = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}

Body = dict[str, Any]
Bodies = Callable[[int, Random], Iterator[Body]]


@dataclass(slots=True)
class Figures:
    """Of one size.  Rates are answers per second."""

    rates: dict[str, float] = field(default_factory=dict)
    scan_seconds: float = 0.0
    scanned: int = 0
    server_grew_bytes: int = 0
    """By how much the server's own memory, without the store's file, grew at most while it was scanned."""


# --- items -----------------------------------------------------------------------------------------------------------


def key(number: int) -> Body:
    return {"pk": {"S": f"collection#{number % COLLECTIONS:02}"}, "sk": {"S": f"item#{number // COLLECTIONS:08}"}}


def item(number: int, value: int) -> Body:
    return {**key(number), "n": {"N": str(value)}, "data": {"S": PADDING}}


def _gets(items: int, random: Random) -> Iterator[Body]:
    for _ in range(REQUESTS):
        yield {"TableName": "growing", "Key": key(random.randrange(items))}


def _puts(items: int, random: Random) -> Iterator[Body]:
    for _ in range(REQUESTS):
        yield {"TableName": "growing", "Item": item(random.randrange(items), random.randrange(10**9))}


def _queries(items: int, random: Random) -> Iterator[Body]:
    for _ in range(REQUESTS):
        first = key(random.randrange(items))
        yield {
            "TableName": "growing",
            "KeyConditionExpression": "pk = :p AND sk >= :s",
            "ExpressionAttributeValues": {":p": first["pk"], ":s": first["sk"]},
            "Limit": 25,
        }


ASKED: dict[str, Bodies] = {"GetItem": _gets, "PutItem": _puts, "Query": _queries}


def measure(sizes: Sequence[int], directory: Path, seconds: float, rounds: int = ROUNDS) -> dict[int, Figures]:
    """Fill stores up to these sizes, and measure them in turn."""
    figures = {size: Figures() for size in sizes}
    for size in sizes:
        fill(directory / f"items-{size}", size)
    with ExitStack() as stack:
        requests = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "requests"
        servers = {size: stack.enter_context(_serve(directory / f"items-{size}")) for size in sizes}
        found: dict[tuple[int, str], list[float]] = {}
        for turn in range(1 + rounds):
            for operation, bodies in ASKED.items():
                for size, server in servers.items():
                    write_requests(requests, operation, bodies(size, Random(f"{turn} {size}")))
                    rate = drive(server.port, requests, seconds, CONNECTIONS).rate
                    if turn:
                        found.setdefault((size, operation), []).append(rate)
        for (size, operation), rates in found.items():
            figures[size].rates[operation] = statistics.median(rates)
        for size, server in servers.items():
            _scan(server, figures[size])
    return figures


def fill(directory: Path, items: int) -> None:
    """Put items into the store until it has so many; what an earlier run put in is not put in again."""
    directory.mkdir(parents=True, exist_ok=True)
    note = directory / FILLED
    filled = int(note.read_text()) if note.exists() else -1
    if filled >= items:
        return
    # Nothing waits for the disk here: a run that is cut short by more than its own end starts again with a new store.
    with _serve(directory, "--durability", "none") as server, tempfile.TemporaryDirectory() as private:
        with connected(server.port) as connection:
            if filled < 0:
                call(connection, "CreateTable", {"TableName": "growing", **TABLE})
        for first in range(max(filled, 0), items, CHUNK):
            end = min(first + CHUNK, items)
            requests = Path(private) / "requests"
            write_requests(requests, "BatchWriteItem", _batches(first, end))
            drive_through(server.port, requests, CONNECTIONS)
            note.write_text(str(end))
            print(f"\r{directory.name}: {end:,}", end="" if end < items else "\n", flush=True)


def _batches(first: int, end: int) -> Iterator[Body]:
    for start in range(first, end, BATCH):
        puts = [{"PutRequest": {"Item": item(number, number)}} for number in range(start, min(start + BATCH, end))]
        yield {"RequestItems": {"growing": puts}}


def _serve(directory: Path, *options: str) -> Any:
    store = directory / "store"
    return ddbengine(directory / "log", "--db-path", str(store), "--replicas", "1", *options)


def _scan(server: Server, figures: Figures) -> None:
    """Read the whole table, page by page."""
    before = _own_bytes(server)
    began = time.perf_counter()
    start: Any = None
    with connected(server.port) as connection:
        while True:
            body = {"TableName": "growing"} if start is None else {"TableName": "growing", "ExclusiveStartKey": start}
            count, start = _page(connection, body)
            figures.scanned += count
            figures.server_grew_bytes = max(figures.server_grew_bytes, _own_bytes(server) - before)
            if start is None:
                break
    figures.scan_seconds = time.perf_counter() - began


def _page(connection: http.client.HTTPConnection, body: Body) -> tuple[int, Any]:
    """How many items a page of a scan has, and its LastEvaluatedKey; its items are not looked at."""
    headers = HEADERS | {"X-Amz-Target": "DynamoDB_20120810.Scan"}
    connection.request("POST", "/", orjson.dumps(body), headers)
    content = connection.getresponse().read()
    rest = orjson.loads(b"{" + content[content.rindex(b'"Count":') :])
    return rest["Count"], rest.get("LastEvaluatedKey")


def _own_bytes(server: Server) -> int:
    """The server's memory that is no file's."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found is not None, "Linux says so since 4.5"
    return int(found[1]) * 1024


# --- tables ----------------------------------------------------------------------------------------------------------


def measure_tables(tables: int, seconds: float, rounds: int = ROUNDS) -> dict[str, float]:
    """GetItem per second: from the only table, from one of so many, from any of so many."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        alone, crowded = (stack.enter_context(ddbengine(directory / f"log{n}", "--in-memory")) for n in (1, 2))
        requests = directory / "requests"
        for server, count in ((alone, 1), (crowded, tables)):
            write_requests(requests, "CreateTable", ({"TableName": _table(n), **TABLE} for n in range(count)))
            drive_through(server.port, requests, CONNECTIONS)
            write_requests(requests, "PutItem", ({"TableName": _table(n), "Item": item(n, n)} for n in range(count)))
            drive_through(server.port, requests, CONNECTIONS)
        cases = (
            ("the only table", alone, 1),
            (f"one of {tables:,}", crowded, 1),
            (f"any of {tables:,}", crowded, tables),
        )
        found: dict[str, list[float]] = {}
        for turn in range(1 + rounds):
            for name, server, count in cases:
                write_requests(requests, "GetItem", _gets_of_tables(count, Random(turn)))
                rate = drive(server.port, requests, seconds, CONNECTIONS).rate
                if turn:
                    found.setdefault(name, []).append(rate)
    return {name: statistics.median(rates) for name, rates in found.items()}


def _table(number: int) -> str:
    return f"table-{number:05}"


def _gets_of_tables(tables: int, random: Random) -> Iterator[Body]:
    for _ in range(REQUESTS):
        number = random.randrange(tables)
        yield {"TableName": _table(number), "Key": key(number)}


# --- the page --------------------------------------------------------------------------------------------------------


def main() -> None:
    given = _arguments()
    figures = measure(given.items, given.directory, given.seconds)
    print("| items | " + " | ".join(f"{name}/s" for name in ASKED) + " | whole Scan, items/s | server grew by |")
    print("| ---: |" + " ---: |" * (len(ASKED) + 2))
    smallest = figures[min(figures)]
    for size, found in figures.items():
        if found.scanned != size:
            raise SystemExit(f"bench.growth: a scan found {found.scanned:,} of {size:,} items")
        cells = [f"{rate:,.0f} ({rate / smallest.rates[name]:.0%})" for name, rate in found.rates.items()]
        grew = f"{found.server_grew_bytes / 2**20:.1f} MB"
        print(f"| {size:,} | " + " | ".join([*cells, f"{size / found.scan_seconds:,.0f}", grew]) + " |")
    if given.tables:
        print("\n| tables | GetItem/s |\n| --- | ---: |")
        for name, rate in measure_tables(given.tables, given.seconds).items():
            print(f"| {name} | {rate:,.0f} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="What growing data and tables cost.")
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 1_000_000], help="10000000 takes a while")
    parser.add_argument("--tables", type=int, default=10_000, help="0 leaves them out")
    parser.add_argument("--seconds", type=float, default=3, help="length of one measurement")
    parser.add_argument("--directory", type=Path, default=CACHE / "growth", help="where the stores are kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()
