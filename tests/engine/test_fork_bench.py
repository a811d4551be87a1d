"""The benchmark of forks runs, small, with every test run, so that it cannot rot."""

from __future__ import annotations

from dataclasses import astuple

from bench.fork import measure


def test_the_benchmark_of_forks_measures_every_figure() -> None:
    assert all(figure > 0 for figure in astuple(measure(3, rounds=1)))
