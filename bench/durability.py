"""What durability costs: acknowledged PutItem per second on disk, and the time to recover a large store.

    python -m bench.durability [--seconds 4] [--rounds 3] [--gigabytes 1] [--directory DIR] [--only PART ...]

- *puts*: PutItem per second over HTTP at 1, 16 and 64 connections, with each durability and beside DynamoDB Local with
  its data on disk, measured as ``comparison`` does.
- *recovery*: from the start of the server's process to its first answer, with a store of so many gigabytes of items:
  after a stop in good order, and after SIGKILL in the midst of writes.

The figures are those of DIR's disk (the current directory unless given).  The client shares the machine with the
server: compare the rows of one run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.comparison import Plan, compare
from bench.report import rates
from bench.targets import DISK, DYNAMODB_LOCAL_ON_DISK, ONE_REPLICA, THREE_REPLICAS, call, connected, ours
from bench.workloads import DURABLE
from tests.servers import Server, start_ddbengine

PARTS = ("puts", "recovery")
BATCH = 25
ITEM_BYTES = 4_000
LOADERS = 2
TABLE = {
    "TableName": "large",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TARGETS = (
    THREE_REPLICAS,
    ours("leader's disk only", DISK, "--durability", "leader"),
    ours("no disk", DISK, "--durability", "none"),
    ONE_REPLICA,
    DYNAMODB_LOCAL_ON_DISK,
)


def main() -> None:
    given = _arguments()
    os.chdir(given.directory)
    if "puts" in given.only:
        plan = Plan(given.seconds, given.rounds, starts=1, paced_rate=0, paced_seconds=0)
        results = compare(TARGETS, [workload.title for workload in DURABLE], plan)
        print(rates(results, list(results.targets)))
    if "recovery" in given.only:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
            for what, seconds in recovery_seconds(Path(directory), int(given.gigabytes * 1e9)).items():
                print(f"{what:56}{seconds:>8.2f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.durability", description="What durability costs.")
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement of puts")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, of which the median is shown")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the store that is recovered")
    parser.add_argument("--directory", type=Path, default=Path(), help="on the disk to measure (default: here)")
    parser.add_argument(
        "--only", nargs="+", metavar="PART", choices=PARTS, default=PARTS, help="of " + ", ".join(PARTS)
    )
    return parser.parse_args()


# --- recovery --------------------------------------------------------------------------------------------------------


def recovery_seconds(directory: Path, size_bytes: int) -> dict[str, float]:
    """Seconds from the start of the process to the first answer, by what ended the one before."""
    store = directory / "recovered"
    seconds: dict[str, float] = {}
    items = size_bytes // ITEM_BYTES
    server, empty = _started(directory, store)
    seconds["first answer of an empty store"] = empty
    began = time.perf_counter()
    _fill(server, items)
    seconds[f"(filling it with {items:,} items of {ITEM_BYTES:,} bytes)"] = time.perf_counter() - began
    server.stop()
    server, seconds["first answer after a stop in good order"] = _started(directory, store)
    _kill_while_writing(server, items)
    server, seconds["first answer after SIGKILL"] = _started(directory, store)
    server.stop()
    return seconds


def _started(directory: Path, store: Path) -> tuple[Server, float]:
    """A server that has answered, and how long that took."""
    began = time.perf_counter()
    server = start_ddbengine(directory / "log", "--db-path", str(store))
    with connected(server.port) as connection:
        call(connection, "ListTables", {})
    return server, time.perf_counter() - began


def _fill(server: Server, items: int) -> None:
    with connected(server.port) as connection:
        call(connection, "CreateTable", TABLE)
    threads = [threading.Thread(target=_load, args=(server, range(part, items, LOADERS))) for part in range(LOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _load(server: Server, numbers: Sequence[int]) -> None:
    with connected(server.port) as connection:
        for batch in _batches(numbers):
            call(connection, "BatchWriteItem", batch)


def _batches(numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    padding = "x" * (ITEM_BYTES - len('{"pk":{"S":"000000000"},"data":{"S":""}}'))
    for first in range(0, len(numbers), BATCH):
        items = [{"pk": {"S": f"{number:09}"}, "data": {"S": padding}} for number in numbers[first : first + BATCH]]
        yield {"RequestItems": {"large": [{"PutRequest": {"Item": item}} for item in items]}}


def _kill_while_writing(server: Server, items: int) -> None:
    written = threading.Event()

    def write() -> None:
        with connected(server.port) as connection:
            for batch in _batches(range(items)):
                try:
                    call(connection, "BatchWriteItem", batch)
                except OSError:
                    return
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    written.wait(60)
    server.kill()
    writer.join()


if __name__ == "__main__":
    main()
