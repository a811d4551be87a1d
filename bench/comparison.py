"""One run of the comparison: every engine started, loaded, and asked the same things in turn.

All engines run at once; for each workload they are measured one right after the other, and that round after round, so
that what changes on the machine meanwhile changes for all of them.  The first round warms up and does not count; of the
others the median is taken.  An engine is left out of a workload that it answers wrongly or cannot answer.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.load import LoadFailed, Measured, drive, drive_at_rate, generator_name, write_requests
from bench.targets import DISK, MEMORY, Running, Target, Unavailable, call, connected, load, start_target
from bench.workloads import DURABLE, WORKLOADS, Workload

PACED = ("GetItem", "PutItem", "Query, 25 of 100 items")
"""Workloads whose latency is measured under a fixed rate too."""
SLOW_ANSWER_SECONDS = 0.5
"""Who takes longer for one answer is not put under load: its rate is one answer at a time."""
SHORTER_WARM_UP = 2
"""The first round is so many times shorter."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often things are measured."""

    seconds: float
    rounds: int
    starts: int
    paced_rate: float
    """Requests per second, the same for everybody."""
    paced_seconds: float
    durable_only: bool = False
    """Engines with their data on disk are asked for nothing but durable puts."""


@dataclass(slots=True)
class TargetFigures:
    keeps: str
    is_ours: bool
    start_seconds: float = 0.0
    """From the start of the process to its first answer."""
    idle_bytes: int = 0
    loaded_bytes: int = 0
    """Memory after all workloads."""


@dataclass(slots=True)
class Results:
    machine: str
    generator: str
    plan: Plan
    targets: dict[str, TargetFigures] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Engines, or engines and workloads, and why they have no figures."""
    throughput: dict[str, dict[str, Measured]] = field(default_factory=dict)
    """By workload and engine."""
    paced: dict[str, dict[str, Measured]] = field(default_factory=dict)


def compare(targets: Sequence[Target], titles: Sequence[str], plan: Plan) -> Results:
    """Run the comparison; ``titles`` are the workloads to measure."""
    results = Results(_machine(), generator_name(), plan)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        running = [found for target in targets if (found := _started(stack, target, directory, plan, results))]
        jobs = [(workload, asked) for workload in _chosen(titles) if (asked := _able(workload, running, plan, results))]
        rates = _measure(jobs, plan, directory, results)
        for (title, name), rounds in rates.items():
            results.throughput.setdefault(title, {})[name] = _median(rounds)
        _pace(jobs, plan, directory, results)
        for each in running:
            results.targets[each.target.name].loaded_bytes = each.memory_bytes()
    return results


def _chosen(titles: Sequence[str]) -> Iterator[Workload]:
    return (workload for workload in WORKLOADS + DURABLE if workload.title in titles)


def _machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {system}"


def _started(stack: ExitStack, target: Target, directory: Path, plan: Plan, results: Results) -> Running | None:
    """The engine with its tables loaded, started a few times before for the figures of its start."""
    _say(f"starting {target.name}")
    starts, idle = [], []
    try:
        for attempt in range(plan.starts):
            with ExitStack() as once:
                fresh = start_target(once, target, directory / str(attempt))
                starts.append(fresh.first_answer_seconds)
                idle.append(fresh.memory_bytes())
        running = start_target(stack, target, directory / "loaded")
        load(running, tables_only=plan.durable_only and target.keeps == DISK)
    except (Unavailable, RuntimeError, OSError) as error:
        results.left_out[target.name] = str(error)
        _say(f"{target.name} is left out: {error}")
        return None
    figures = TargetFigures(target.keeps, target.is_ours, statistics.median(starts), int(statistics.median(idle)))
    results.targets[target.name] = figures
    return running


def _able(workload: Workload, running: Sequence[Running], plan: Plan, results: Results) -> list[tuple[Running, float]]:
    """Who answers the workload soundly, with the seconds that one answer took."""
    able = []
    for each in running:
        if not _concerns(workload, each.target, plan):
            continue
        try:
            able.append((each, _one_answer(workload, each)))
        except (RuntimeError, LookupError, OSError) as error:
            results.left_out[f"{each.target.name}: {workload.title}"] = f"{type(error).__name__}: {error}"
            _say(f"{each.target.name} is left out of {workload.title}: {error}")
    return able


def _concerns(workload: Workload, target: Target, plan: Plan) -> bool:
    if target.keeps == DISK:
        return workload in DURABLE or not plan.durable_only
    return workload not in DURABLE


def _one_answer(workload: Workload, running: Running) -> float:
    body = next(workload.bodies(Random(0)))
    with connected(running.server.port) as connection:
        call(connection, "ListTables", {})
        began = time.perf_counter()
        answer = call(connection, workload.operation, body)
        seconds = time.perf_counter() - began
    if not workload.is_sound(answer):
        raise RuntimeError(f"not the answer that was asked for: {str(answer)[:200]}")
    return seconds


_Jobs = Sequence[tuple[Workload, Sequence[tuple[Running, float]]]]


def _measure(jobs: _Jobs, plan: Plan, directory: Path, results: Results) -> dict[tuple[str, str], list[Measured]]:
    rates: dict[tuple[str, str], list[Measured]] = {}
    requests = directory / "requests"
    for turn in range(1 + plan.rounds):
        _say("warming up" if turn == 0 else f"round {turn} of {plan.rounds}")
        seconds = plan.seconds / SHORTER_WARM_UP if turn == 0 else plan.seconds
        for workload, asked in jobs:
            write_requests(requests, workload.operation, workload.bodies(Random(f"{workload.title} {turn}")))
            for running, one_answer in asked:
                place = (workload.title, running.target.name)
                if one_answer > SLOW_ANSWER_SECONDS:
                    rates[place] = [Measured(1 / one_answer, *[one_answer * 1e6] * 3)]
                    continue
                try:
                    measured = drive(running.server.port, requests, seconds, workload.connections)
                except LoadFailed as error:
                    results.left_out[f"{running.target.name}: {workload.title}"] = str(error)
                    continue
                if turn:
                    rates.setdefault(place, []).append(measured)
    return rates


def _pace(jobs: _Jobs, plan: Plan, directory: Path, results: Results) -> None:
    """Latency under a fixed rate, of who can do that many with something to spare."""
    requests = directory / "requests"
    for workload, asked in jobs:
        if workload.title not in PACED:
            continue
        _say(f"{workload.title} at {plan.paced_rate:,.0f} a second")
        write_requests(requests, workload.operation, workload.bodies(Random(f"{workload.title} paced")))
        for running, _ in asked:
            name = running.target.name
            most = results.throughput.get(workload.title, {}).get(name)
            if running.target.keeps != MEMORY or most is None or most.rate < 1.2 * plan.paced_rate:
                continue
            found = [
                drive_at_rate(running.server.port, requests, plan.paced_seconds, workload.connections, plan.paced_rate)
                for _ in range(plan.rounds)
            ]
            results.paced.setdefault(workload.title, {})[name] = _median(found)


def _median(found: Sequence[Measured]) -> Measured:
    """Each figure's median."""
    columns = zip(*((each.rate, each.p50, each.p99, each.max) for each in found), strict=True)
    return Measured(*map(statistics.median, columns))


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
