"""What the store alone costs, in microseconds: a read, a write in memory, a durable write alone and in company.

    python -m bench.storage [--seconds 1] [--directory DIR] [--switch-interval 0.0005]

Items are 200 bytes, keys 11.  The durable figures are those of DIR's disk (the current directory unless given).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, ReadTxn, Writes

KEYS = 10_000
VALUE = b"v" * 200
WAITING_THREADS = (1, 16, 64)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A plan that wants the same changes whatever it reads."""

    outcome: Outcome
    writes: bool = True
    consistent: bool = True

    def run(self, txn: ReadTxn) -> Outcome:
        return self.outcome


def as_given(change: Any, txn: ReadTxn) -> Writes:
    writes: Writes = change
    return writes


def key(number: int) -> bytes:
    return b"I%010d" % (number % KEYS)


def puts(number: int, counters: bool = False) -> Fixed:
    counted: list[tuple[bytes, tuple[int, ...]]] = [(b"N\0\0\0\1", (0, 0))] if counters else []
    return Fixed(Outcome(b"{}", (Writes(puts=[(key(number), VALUE)], counters=counted),)))


def microseconds(act: Callable[[], object], seconds: float) -> float:
    """The best of five rounds: what the work takes when nothing else disturbs it."""
    best = float("inf")
    for _ in range(5):
        times = 0
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds / 5:
            for _ in range(20):
                act()
            times += 20
        best = min(best, spent / times * 1e6)
    return best


def fill(store: LmdbStore) -> None:
    pairs = [(key(number), VALUE) for number in range(KEYS)]
    store.submit(Fixed(Outcome(b"", (Writes(puts=pairs),)))).result()


def in_memory(seconds: float) -> dict[str, float]:
    with LmdbStore(as_given) as store:
        fill(store)
        middle, end = key(KEYS // 2), key(KEYS // 2 + 25)
        one, counted, nothing = puts(KEYS // 2), puts(KEYS // 2, counters=True), Fixed(Outcome(b"{}"))

        def get() -> None:
            with store.snapshot() as txn:
                txn.get(middle)

        def scan() -> None:
            with store.snapshot() as txn:
                for _ in txn.scan(middle, end):
                    pass

        return {
            "snapshot and get": microseconds(get, seconds),
            "snapshot and scan of 25": microseconds(scan, seconds),
            "plan without changes, in memory": microseconds(lambda: store.submit(nothing).result(), seconds),
            "put, in memory": microseconds(lambda: store.submit(one).result(), seconds),
            "put and counters, in memory": microseconds(lambda: store.submit(counted).result(), seconds),
        }


@dataclass(frozen=True, slots=True)
class Durable:
    """What acknowledged writes cost with so many threads that each wait for their own."""

    microseconds: float
    """Per write."""
    plans_per_group: float
    commit_microseconds: float
    """Of one group on the leader: its plans, and mostly its fsync."""


def durable(directory: Path, replicas: int, threads: int, seconds: float) -> Durable:
    done = [0] * threads
    with LmdbStore(as_given, directory / f"durable-{replicas}-{threads}", replicas=replicas) as store:
        fill(store)
        before = store.status().commits
        start = time.perf_counter()

        def write(thread: int) -> None:
            while not done[thread] or time.perf_counter() - start < seconds:
                store.submit(puts(thread * 997 + done[thread], counters=True)).result()
                done[thread] += 1

        workers = [threading.Thread(target=write, args=[thread]) for thread in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        spent = time.perf_counter() - start
        after = store.status().commits
    groups = after.groups - before.groups
    commit_seconds = after.commit_seconds - before.commit_seconds
    return Durable(spent / sum(done) * 1e6, sum(done) / groups, commit_seconds / groups * 1e6)


def measure(seconds: float, directory: Path) -> dict[str, float]:
    figures = in_memory(seconds)
    with tempfile.TemporaryDirectory(dir=directory) as private:
        for replicas in (1, 3):
            for threads in WAITING_THREADS:
                name = f"durable put, {replicas} replica{'s' * (replicas > 1)}, {threads} waiting"
                found = durable(Path(private), replicas, threads, seconds)
                figures[name] = found.microseconds
                if threads > 1:
                    figures[f"{name}: plans in a group"] = found.plans_per_group
                else:
                    figures[f"{name}: leader's commit"] = found.commit_microseconds
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure")
    parser.add_argument("--switch-interval", type=float, help="of threads, in seconds, in place of Python's own 0.005")
    parser.add_argument("--directory", type=Path, default=Path(), help="where the durable stores are made")
    arguments = parser.parse_args()
    if arguments.switch_interval:
        sys.setswitchinterval(arguments.switch_interval)
    for name, figure in measure(arguments.seconds, arguments.directory).items():
        print(f"{name:52} {figure:9.2f}{'' if 'in a group' in name else ' us'}")


if __name__ == "__main__":
    main()
