"""Rates, latencies, start-up and memory beside other local engines, in one run.

    python -m bench [--quick] [--only ENGINE ...] [--workloads TITLE ...] [--results DIR]

Writes a page of tables, a chart and all figures into bench/results.  See ``comparison`` for how it is measured,
``targets`` for who, ``workloads`` for what.  The client shares the machine with the server, and machines differ:
compare the columns of one run, never two runs.  The figures on disk are those of the current directory's disk.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

from bench import report
from bench.comparison import Plan, compare
from bench.load import DIRECTORY
from bench.targets import TARGETS
from bench.workloads import DURABLE, WORKLOADS

FULL = Plan(seconds=3, rounds=3, starts=3, paced_rate=2_000, paced_seconds=3)
QUICK = Plan(seconds=1, rounds=1, starts=1, paced_rate=2_000, paced_seconds=1, durable_only=True)


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # servers start from compiled code, as at their users'
    given = _arguments()
    targets = [target for target in TARGETS if target.name in given.only or (not given.only and not target.is_slow)]
    if not given.only and not given.quick:
        targets = list(TARGETS)
    plan = QUICK if given.quick else FULL
    plan = replace(plan, seconds=given.seconds or plan.seconds, rounds=given.rounds or plan.rounds)
    results = compare(targets, given.workloads, plan)
    report.write(results, given.results)
    print(report.page(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else None)
    names = [target.name for target in TARGETS]
    titles = [workload.title for workload in WORKLOADS + DURABLE]
    parser.add_argument("--quick", action="store_true", help="two minutes, without the slowest engine")
    parser.add_argument("--seconds", type=float, help="length of one measurement")
    parser.add_argument("--rounds", type=int, help="measurements of each, besides the one that warms up")
    parser.add_argument("--only", nargs="+", metavar="ENGINE", choices=names, default=[], help=", ".join(names))
    parser.add_argument("--workloads", nargs="+", metavar="TITLE", choices=titles, default=titles)
    parser.add_argument("--results", type=Path, default=DIRECTORY / "results", help="where the results are written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
