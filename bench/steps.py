"""How many steps of the interpreter a request takes, and in which functions, whatever else the machine does meanwhile.

    python -m bench.steps [--workload UpdateItem] [--functions 30]

A step is a bytecode instruction.  What a request costs grows faster than their number: see docs/performance.md.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from bench.load import render
from bench.stages import TITLES, connection, filled_engine
from bench.workloads import WORKLOADS, Workload
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.cors import Cors
from ddbengine.api.dispatch import Dispatcher
from ddbengine.api.requests import check
from ddbengine.engine.engine import Engine

WARM_UP = 20
"""Requests before those that are counted: caches are full, code is specialised."""
COUNTED = 20

Function = tuple[str, str]
"""A file and the name of a function in it."""


def steps_of(workload: Workload, engine: Engine) -> dict[Function, float]:
    """Steps of one request on the average, by function, of everything between the event loop and the store."""
    limits = ConnectionLimits()
    receive = connection(Dispatcher(engine, check, Cors.of_option(None), limits.body_bytes)).data_received
    bodies = islice(cycle(workload.bodies(Random(1))), WARM_UP + COUNTED)
    requests = [render(workload.operation, body) for body in bodies]
    for request in requests[:WARM_UP]:
        receive(request)
    counts: Counter[Function] = Counter()
    before = sys.gettrace()
    gc.collect()
    gc.disable()  # what it finds is not the requests' doing
    sys.settrace(_counting(counts))
    try:
        for request in requests[WARM_UP:]:
            receive(request)
    finally:
        sys.settrace(before)
        gc.enable()
    return {function: count / COUNTED for function, count in counts.most_common()}


def _counting(counts: Counter[Function]) -> Callable[[FrameType, str, Any], Any]:
    def trace(frame: FrameType, event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            code = frame.f_code
            counts[code.co_filename, code.co_name] += 1
        return trace

    return trace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description="Steps of the interpreter by request.")
    parser.add_argument("--workload", help="whose functions to list; all workloads in a line each without")
    parser.add_argument("--functions", type=int, default=30, help="how many to list")
    options = parser.parse_args()
    engine = filled_engine()
    for workload in WORKLOADS:
        if not workload.title.startswith(options.workload or TITLES):
            continue
        steps = steps_of(workload, engine)
        print(f"{workload.title}: {sum(steps.values()):,.0f} steps in {len(steps)} functions")
        for (file, name), count in list(steps.items())[: options.functions if options.workload else 0]:
            print(f"{count:8.1f}  {Path(file).stem}.{name}")
    engine.close()


if __name__ == "__main__":
    main()
