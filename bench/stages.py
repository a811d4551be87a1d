"""Where a request's time goes: microseconds of each stage on the way of a request, for a store in memory.

    python -m bench.stages [--rounds 50]

Each stage is run by itself over the same requests; the figure is the best of several rounds, so that a busy machine
shows less.  What a server spends beyond their sum is the event loop's and the kernel's: see docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import islice
from random import Random
from typing import Any

import orjson

from bench.load import HEADERS, render
from bench.workloads import TABLES, WORKLOADS, Workload, load_batches
from ddbengine._core import Shortcut
from ddbengine.api.acceptor import Acceptor
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.cors import Cors
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.frame import Framer, Request
from ddbengine.api.http import Connection
from ddbengine.api.requests import check
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine

REQUESTS = 40
"""Of a round.  Short ones, and many of them: some fall into moments in which nothing else runs."""
CALLER = Caller("bench", "us-east-1")
TITLES = ("GetItem", "PutItem", "UpdateItem", "Query", "Scan", "PartiQL")
HEADER_BYTES = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
STAGES = ("HTTP", "shortcut", "JSON", "check", "prepare", "run and commit", "render")
LONG_WAY = ("HTTP", "JSON", "check", "prepare", "run and commit", "render")
SHORT_WAY = ("HTTP", "shortcut")

Stage = Callable[[int], object]
"""Does a stage of the request of this number."""


class _Fixed(Dispatcher):
    """Answers any request with the same few bytes; by a shortcut, if it is to have one."""

    shortcut: Shortcut | None = None

    def answer(self, request: Request) -> bytes:
        if request.kind is not None:
            request.kind.shortcut = self.shortcut
        return b"{}"


class _Constant(Shortcut):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def answer(self, body: bytes) -> bytes:
        return self._answer


class _Sink(asyncio.Transport):
    """A transport that takes everything and sends nothing."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: Any) -> None:
        pass


def measure(workload: Workload, way: Sequence[str], engine: Engine, rounds: int) -> dict[str, float]:
    """Microseconds of each stage.  ``HTTP`` is everything between the event loop and the engine but for the rest; where
    there is a shortcut, with the rest."""
    turns: dict[str, list[float]] = {}
    cors = Cors.of_option(None)
    framer = Framer(cors)
    fixed = _Fixed(engine, check, cors, ConnectionLimits().body_bytes)
    if "shortcut" in way:
        body = check(workload.operation, next(workload.bodies(Random(0))))
        fixed.shortcut = _Constant(engine.execute(workload.operation, body, CALLER))
    receiver = connection(fixed)
    for turn in range(rounds):
        bodies = list(islice(workload.bodies(Random(turn)), REQUESTS))
        stages = _stages(workload.operation, bodies, engine, receiver, framer)
        for stage in way:
            turns.setdefault(stage, []).append(_microseconds(stages[stage], len(bodies)))
    return {stage: min(found) for stage, found in turns.items()}


def _stages(
    operation: str, bodies: Sequence[dict[str, Any]], engine: Engine, receiver: Connection, framer: Framer
) -> dict[str, Stage]:
    """A write changes something only the first time it is run."""
    raw = [orjson.dumps(body) for body in bodies]
    requests = [render(operation, body) for body in bodies]
    checked = [check(operation, body) for body in bodies]
    plans = [engine.prepare(operation, request, CALLER) for request in checked]
    frame = framer.frame(Request(b"POST", b"/", HEADER_BYTES, b""), True)
    answer = engine.execute(operation, checked[0], CALLER)
    shortcut = engine.shortcut(operation, CALLER)

    def answer_at_once(number: int) -> None:
        assert shortcut is not None
        assert isinstance(shortcut.answer(raw[number]), bytes)

    def run(number: int) -> None:
        plan = plans[number]
        if plan.writes:
            engine.store.submit(plan).result()
        else:
            with engine.store.snapshot(plan.consistent) as txn:
                plan.run(txn)

    return {
        "HTTP": lambda number: receiver.data_received(requests[number]),
        "shortcut": answer_at_once,
        "JSON": lambda number: orjson.loads(raw[number]),
        "check": lambda number: check(operation, bodies[number]),
        "prepare": lambda number: engine.prepare(operation, checked[number], CALLER),
        "run and commit": run,
        "render": lambda number: framer.render(answer, frame),
    }


def connection(dispatcher: Dispatcher) -> Connection:
    """A connection whose requests are read and answered, but by nobody."""
    loop = asyncio.new_event_loop()

    async def nothing() -> asyncio.Protocol:
        raise NotImplementedError

    acceptor = Acceptor(loop, dispatcher, Framer(Cors.of_option(None)), ConnectionLimits(), nothing)
    connected = acceptor()
    connected.connection_made(_Sink())
    loop.close()
    return connected


def _microseconds(act: Stage, times: int) -> float:
    began = time.perf_counter()
    for number in range(times):
        act(number)
    return (time.perf_counter() - began) / times * 1e6


def filled_engine() -> Engine:
    engine = open_engine(None)
    for table in TABLES:
        engine.execute("CreateTable", check("CreateTable", table), CALLER)
    for batch in load_batches():
        engine.execute("BatchWriteItem", check("BatchWriteItem", batch), CALLER)
    return engine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description="Microseconds of each stage.")
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    engine = filled_engine()
    print("| microseconds | " + " | ".join(STAGES) + " | sum |")
    print("| --- |" + " ---: |" * (len(STAGES) + 1))
    for workload in WORKLOADS:
        if workload.title.startswith(TITLES):
            if engine.shortcut(workload.operation, CALLER) is not None:
                _print_row(workload.title, measure(workload, SHORT_WAY, engine, rounds))
                _print_row(f"{workload.title}, the long way", measure(workload, LONG_WAY, engine, rounds))
            else:
                _print_row(workload.title, measure(workload, LONG_WAY, engine, rounds))
    engine.close()


def _print_row(title: str, found: dict[str, float]) -> None:
    cells = [f"{found[stage]:.1f}" if stage in found else "" for stage in STAGES]
    print(f"| {title} | " + " | ".join([*cells, f"{sum(found.values()):.1f}"]) + " |")


if __name__ == "__main__":
    main()
