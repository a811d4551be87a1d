"""The benchmark of expressions runs, and still measures the same answers."""

from __future__ import annotations

from bench import expressions


def test_the_benchmark_gives_the_same_answers() -> None:
    assert expressions.main(repeats=1) == expressions.main(repeats=2) > 0
