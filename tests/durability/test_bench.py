"""The benchmark runs, small, with every test run, so that it cannot rot.  Its figures are advice, not a gate."""

from __future__ import annotations

from pathlib import Path

from bench.durability import recovery_seconds


def test_the_benchmark_of_recovery_measures_every_figure(tmp_path: Path) -> None:
    figures = recovery_seconds(tmp_path, 200_000)
    assert len(figures) == 4
    assert all(figure > 0 for figure in figures.values())
