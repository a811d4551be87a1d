"""The results of a comparison as files: JSON with everything, a page of tables, and a chart.

    python -m bench.report bench/results

makes the page and the chart anew from the JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bench.chart import chart
from bench.comparison import Plan, Results, TargetFigures
from bench.load import Measured
from bench.targets import DISK, MEMORY

_MEGABYTE = 1 << 20


def write(results: Results, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    content = orjson.dumps(asdict(results), option=orjson.OPT_INDENT_2)
    (directory / "results.json").write_bytes(content + b"\n")
    render(directory)


def render(directory: Path) -> None:
    """The page and the chart of the results in a directory."""
    results = read(directory)
    (directory / "results.md").write_text(page(results))
    (directory / "results.svg").write_text(chart(results))


def read(directory: Path) -> Results:
    raw = orjson.loads((directory / "results.json").read_bytes())
    return Results(
        raw["machine"],
        raw["generator"],
        Plan(**raw["plan"]),
        {name: TargetFigures(**figures) for name, figures in raw["targets"].items()},
        raw["left_out"],
        _measured(raw["throughput"]),
        _measured(raw["paced"]),
    )


def _measured(raw: dict[str, dict[str, Any]]) -> dict[str, dict[str, Measured]]:
    return {title: {name: Measured(**each) for name, each in by.items()} for title, by in raw.items()}


def page(results: Results) -> str:
    parts = ["# Beside other local engines\n", _preface(results), "![The rates as bars](results.svg)\n"]
    for keeps, heading in ((MEMORY, "In memory"), (DISK, "On disk")):
        names = [name for name, figures in results.targets.items() if figures.keeps == keeps]
        if names:
            parts += [f"## {heading}: answers per second\n", rates(results, names)]
            parts += [f"### {heading}: p50 / p99 of the same, in milliseconds\n", _latencies(results.throughput, names)]
    names = [name for name, figures in results.targets.items() if figures.keeps == MEMORY]
    if results.paced:
        rate = f"{results.plan.paced_rate:,.0f}"
        parts += [f"## At {rate} requests per second: p50 / p99 in milliseconds\n", _latencies(results.paced, names)]
    parts += ["## Start and memory\n", _starts(results)]
    if results.left_out:
        parts += ["## Left out\n", *(f"- {what}: {_first_line(why)}" for what, why in results.left_out.items())]
    return "\n".join(parts)


def _first_line(text: str) -> str:
    return text.partition("\n")[0][:160]


def _preface(results: Results) -> str:
    plan = results.plan
    return (
        f"`python -m bench` on {results.machine}; load generator {results.generator}, on the same machine; 16 "
        f"connections unless said otherwise; {plan.rounds} rounds of {plan.seconds:g} s, the median shown.  "
        "The ratio is ours to the best of the others.\n"
    )


def rates(results: Results, names: Sequence[str]) -> str:
    """A table of answers per second: workloads by engines."""
    ours = [name for name in names if results.targets[name].is_ours]
    others = [name for name in names if not results.targets[name].is_ours]
    rows = []
    for title, by in results.throughput.items():
        if not any(name in by for name in names):
            continue
        best = max((by[name].rate for name in others if name in by), default=0.0)
        cells = []
        for name in names:
            cell = f"{by[name].rate:,.0f}" if name in by and by[name].rate >= 10 else _small(by.get(name))
            cells.append(f"{cell} ({by[name].rate / best:.1f}x)" if name in ours and name in by and best else cell)
        rows.append([title, *cells])
    return _table(["", *names], rows)


def _small(measured: Measured | None) -> str:
    return "-" if measured is None else f"{measured.rate:.1f}"


def _latencies(measured: dict[str, dict[str, Measured]], names: Sequence[str]) -> str:
    rows = []
    for title, by in measured.items():
        if any(name in by for name in names):
            rows.append([title, *(_percentiles(by[name]) if name in by else "-" for name in names)])
    return _table(["", *names], rows)


def _percentiles(measured: Measured) -> str:
    return f"{measured.p50 / 1e3:.2f} / {measured.p99 / 1e3:.2f}"


def _starts(results: Results) -> str:
    rows = [
        [
            name,
            f"{figures.start_seconds:.2f} s",
            f"{figures.idle_bytes / _MEGABYTE:.0f} MB",
            f"{figures.loaded_bytes / _MEGABYTE:.0f} MB",
        ]
        for name, figures in results.targets.items()
    ]
    return _table(["", "first answer after", "memory idle", "memory after the run"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    render(Path(sys.argv[1] if len(sys.argv) > 1 else "bench/results"))
