"""The benchmark of the engine inside a program runs, small, with every test run, so that it cannot rot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import embedded, suites


@pytest.mark.parametrize(
    "measure", [embedded.engine_calls, embedded.awaited_calls, embedded.client_calls, embedded.server_calls]
)
def test_the_benchmark_measures_calls(measure: Callable[[int], dict[str, float]]) -> None:
    figures = measure(3)
    assert figures.keys() == {"GetItem", "PutItem"}
    assert all(figure > 0 for figure in figures.values())


def test_the_benchmark_s_suite_passes_and_one_that_fails_is_told(tmp_path: Path) -> None:
    assert suites.seconds(tmp_path / "suite", suites.OURS, 2, sys.executable, *suites.OUR_PLUGIN) > 0
    with pytest.raises(RuntimeError, match="the suite failed"):
        suites.seconds(tmp_path / "broken", "import no_such_module", 2)
