"""The measurement of growth runs, small, with every test run: stores are filled on, and scanned whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.growth import fill, measure, measure_tables
from bench.load import LoadFailed, bundled
from tests.prerequisites import missing


@pytest.fixture(autouse=True)
def generator() -> None:
    try:
        bundled()
    except LoadFailed as reason:
        missing(str(reason))


def test_stores_are_filled_from_where_they_were_left_and_measured(tmp_path: Path) -> None:
    fill(tmp_path / "items-300", 150)
    figures = measure([100, 300], tmp_path, seconds=0.1, rounds=1)
    assert {size: found.scanned for size, found in figures.items()} == {100: 100, 300: 300}
    assert all(rate > 0 for found in figures.values() for rate in found.rates.values())


def test_one_table_and_many_are_measured() -> None:
    assert all(rate > 0 for rate in measure_tables(5, seconds=0.1, rounds=1).values())
