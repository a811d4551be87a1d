"""Three consumer processes, killed at random while a table is written to and its shards split and roll over.

Invariants: every record is handled at least once; of each key, a record is handled for the first time only after the
one before it; in the end the living workers' leases are balanced, and a worker that is asked to end releases its own.
Not covered: a machine that stops and goes on (see test_fleet.py, with a clock of its own).

DDBENGINE_CONSUMER_KILL_WRITES sets how much is written, 2,000 items unless it is set.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests import servers
from tests.consumer.kill_worker import LEASE_SECONDS
from tests.consumer.streaming import dynamodb, table_with_stream

WRITES = int(os.environ.get("DDBENGINE_CONSUMER_KILL_WRITES", "2000"))
SEED = int(os.environ.get("DDBENGINE_CONSUMER_KILL_SEED", "1"))
KEYS = 250
BATCH = 25
KILLS = max(3, WRITES // 5_000)
TIMEOUT_SECONDS = 60 + WRITES / 500
POLL_SECONDS = 0.05
TABLE = "Killed"


class Fleet:
    """Three workers at a time, each a process."""

    def __init__(self, url: str, directory: Path) -> None:
        self._url = url
        self._directory = directory
        self.handled = directory / "handled"
        self._started = 0
        self._size = 0
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._started += 1
        name = f"worker-{self._started}"
        command = [sys.executable, "-m", "tests.consumer.kill_worker", self._url, TABLE, str(self.handled), name]
        with (self._directory / f"{name}.log").open("wb") as log:
            self.workers[name] = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def has_handled_more(self) -> bool:
        """Since it was last asked, when it said so."""
        size = self.handled.stat().st_size if self.handled.exists() else 0
        if size == self._size:
            return False
        self._size = size
        return True

    def kill(self, chance: random.Random) -> None:
        process = self.workers.pop(chance.choice(sorted(self.workers)))
        process.kill()
        process.wait()

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in sorted(self._directory.glob("*.log")))

    def stop(self) -> list[int]:
        for process in self.workers.values():
            process.terminate()
        return [process.wait(30) for process in self.workers.values()]


@contextmanager
def three_workers(url: str, directory: Path) -> Iterator[Fleet]:
    fleet = Fleet(url, directory)
    try:
        for _ in range(3):
            fleet.start()
        yield fleet
    finally:
        for process in fleet.workers.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def write_and_kill(client: Any, url: str, fleet: Fleet, chance: random.Random) -> None:
    """Versions 1, 2, 3 ... of every key, with kills and splits in between."""
    batches = range(0, WRITES, BATCH)
    kill_at = set(chance.sample(batches, KILLS))
    split_at = set(chance.sample(batches, 2))
    for first in batches:
        if first in kill_at:
            wait_until(fleet.has_handled_more, "workers handle records", fleet)
            fleet.kill(chance)
            fleet.start()
        if first in split_at:
            split(url)
        items = [
            {"key": {"S": f"key-{number % KEYS}"}, "version": {"N": str(number // KEYS + 1)}}
            for number in range(first, first + BATCH)
        ]
        requests = [{"PutRequest": {"Item": item}} for item in items]
        assert not client.batch_write_item(RequestItems={TABLE: requests})["UnprocessedItems"]


def split(url: str) -> None:
    body = json.dumps({"TableName": TABLE}).encode()
    request = urllib.request.Request(
        f"{url}/_ddbengine/partitions", body, {"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request).close()


def wait_until(holds: Callable[[], bool], what: str, fleet: Fleet) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what} within {TIMEOUT_SECONDS:.0f} s\n{fleet.logs()}"
        time.sleep(POLL_SECONDS)


def handled(path: Path) -> list[tuple[str, int]]:
    """(key, version) in the order handled; a last line without its end is still being written."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [(key, int(version)) for _, key, version in (line.split() for line in lines)]


def out_of_order(records: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """(key, version, the highest seen before it) of records handled before the one before them."""
    highest: Counter[str] = Counter()
    found = []
    for key, version in records:
        if version > highest[key] + 1:
            found.append((key, version, highest[key]))
        highest[key] = max(highest[key], version)
    return found


def owners(client: Any) -> Counter[str]:
    """How many shards each worker has, of those that are not read to their end; "" is nobody."""
    rows = [row for row in client.scan(TableName="kill-test")["Items"] if "streamArn" in row]
    unfinished = [row for row in rows if row["checkpoint"]["S"] != "SHARD_END"]
    return Counter(row.get("leaseOwner", {"S": ""})["S"] for row in unfinished)


def is_balanced(client: Any, workers: set[str]) -> bool:
    counts = owners(client)
    shares = [counts[worker] for worker in workers]
    return sum(shares) == sum(counts.values()) and max(shares) - min(shares) <= 1


def test_three_consumers_that_are_killed_miss_nothing_and_keep_the_order(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    expected = {(f"key-{number % KEYS}", number // KEYS + 1) for number in range(WRITES)}
    options = ["--in-memory", "--partitions", "4", "--shard-rollover", "5", "--adjustable-partitions"]
    with ExitStack() as stack:
        server = stack.enter_context(servers.ddbengine(tmp_path / "server", *options))
        client = dynamodb(server.url)
        table_with_stream(client, TABLE)
        workers_directory = tmp_path / "workers"
        workers_directory.mkdir()
        fleet = stack.enter_context(three_workers(server.url, workers_directory))
        write_and_kill(client, server.url, fleet, chance)
        wait_until(lambda: expected <= set(handled(fleet.handled)), "every record is handled", fleet)
        wait_until(lambda: is_balanced(client, set(fleet.workers)), "the leases are balanced", fleet)
        assert fleet.stop() == [0, 0, 0], fleet.logs()
        assert set(owners(client)) == {""}, "a worker that ends releases its leases"
        assert out_of_order(handled(fleet.handled)) == [], f"seed {SEED}, leases of {LEASE_SECONDS} s"
