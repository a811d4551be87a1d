"""What a fork and a reset of a store in memory cost, in milliseconds, by number of items.

    python -m bench.fork [--items 10 100 1000 10000]

Items have about 200 bytes and an entry in a global index, which holds them whole.  A fork is measured with its opening
and without its close.  Each figure is the best of several: what the work takes when nothing else disturbs it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine

ROUNDS = 7
CALLER = Caller("bench", "us-east-1")
ITEMS = (10, 100, 1_000, 10_000)
TABLE = {
    "TableName": "table",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "group")],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-group",
            "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds."""

    fork: float
    close_of_fork: float
    reset: float
    open_and_close: float
    """Of an empty store: what a fork or a reset saves tests."""


def measure(items: int, rounds: int = ROUNDS) -> Figures:
    engine = open_engine(None)
    try:
        _fill(engine, items)
        forks: list[Engine] = []
        fork = _best(rounds, lambda: forks.append(engine.fork()))
        closing = iter(forks)
        close = _best(rounds, lambda: next(closing).close())
        opening = _best(rounds, lambda: open_engine(None).close())
        return Figures(fork, close, _reset(engine, items, rounds), opening)
    finally:
        engine.close()


def _reset(engine: Engine, items: int, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        filled = engine.fork()
        best = min(best, _best(1, filled.reset))
        filled.close()
    return best


def _best(rounds: int, act: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def _fill(engine: Engine, items: int) -> None:
    _call(engine, "CreateTable", TABLE)
    for number in range(items):
        item = {"pk": {"S": f"item {number}"}, "group": {"S": f"group {number % 7}"}, "text": {"S": "x" * 160}}
        _call(engine, "PutItem", {"TableName": "table", "Item": item})


def _call(engine: Engine, operation: str, request: dict[str, Any]) -> None:
    engine.execute(operation, check(operation, request), CALLER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=ITEMS, help="in the store that is forked and reset")
    arguments = parser.parse_args()
    print(f"{'items':>10}{'fork':>12}{'its close':>12}{'reset':>12}{'open, close':>14}   milliseconds")
    for items in arguments.items:
        figures = measure(items)
        shown = (figures.fork, figures.close_of_fork, figures.reset)
        print(f"{items:>10,}" + "".join(f"{figure:>12.2f}" for figure in shown) + f"{figures.open_and_close:>14.2f}")


if __name__ == "__main__":
    main()
