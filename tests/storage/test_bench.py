"""The benchmark runs, small, with every test run, so that it cannot rot.  Its figures are advice, not a gate."""

from __future__ import annotations

from pathlib import Path

from bench.storage import measure


def test_the_benchmark_of_the_store_measures_every_figure(tmp_path: Path) -> None:
    figures = measure(0.01, tmp_path)
    assert len(figures) == 17
    assert all(figure > 0 for figure in figures.values())
    assert list(tmp_path.iterdir()) == []
