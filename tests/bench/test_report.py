"""Results read back as they were written, and the page and the chart show them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from bench import report
from bench.comparison import Plan, Results, TargetFigures
from bench.load import Measured
from bench.targets import DISK, MEMORY

RESULTS = Results(
    "a machine",
    "a generator",
    Plan(seconds=1, rounds=1, starts=1, paced_rate=100, paced_seconds=1),
    {
        "ours": TargetFigures(MEMORY, True, 0.2, 1 << 20, 2 << 20),
        "slow <&>": TargetFigures(MEMORY, False, 2.0, 3 << 20, 4 << 20),
        "other": TargetFigures(MEMORY, False, 1.0, 5 << 20, 6 << 20),
        "ours, disk": TargetFigures(DISK, True, 0.3, 7 << 20, 8 << 20),
    },
    {"other: PutItem": "it fell over\nand over"},
    {
        "GetItem": {
            "ours": Measured(40_000, 400, 1_200, 5_000),
            "slow <&>": Measured(4, 250_000, 250_000, 250_000),
            "other": Measured(10_000, 1_500, 9_000, 10_000),
        },
        "PutItem, 16 connections": {"ours, disk": Measured(5_000, 3_000, 4_000, 5_000)},
    },
    {"GetItem": {"ours": Measured(100, 90, 260, 300)}},
)


def test_results_read_back_as_they_were_written(tmp_path: Path) -> None:
    report.write(RESULTS, tmp_path)
    assert report.read(tmp_path) == RESULTS


def test_the_page_tells_our_ratio_to_the_best_of_the_others() -> None:
    page = report.page(RESULTS)
    assert "| GetItem | 40,000 (4.0x) | 4.0 | 10,000 |" in page
    assert "| PutItem, 16 connections | 5,000 |" in page
    assert "| ours | 0.20 s | 1 MB | 2 MB |" in page
    assert "- other: PutItem: it fell over\n" in page + "\n"


def test_the_chart_is_svg_with_a_bar_for_each_engine_of_a_workload(tmp_path: Path) -> None:
    report.write(RESULTS, tmp_path)
    drawn = ElementTree.fromstring((tmp_path / "results.svg").read_text())
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("ours") == 1
    assert "slow <&>" in texts
    assert "PutItem, 16 connections, durable, answers per second" in texts
