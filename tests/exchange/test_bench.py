"""The benchmark runs, small, with every test run, so that it cannot rot.  Its figures are advice, not a gate."""

from __future__ import annotations

from pathlib import Path

from bench.exchange import measure


def test_the_benchmark_of_loading_and_reading_measures_every_figure(tmp_path: Path) -> None:
    figures = dict(measure(200, tmp_path))
    assert len(figures) == 12
    assert all(figure > 0 for figure in figures.values())
