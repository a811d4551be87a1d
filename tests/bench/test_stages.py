"""The measurement of stages runs, small, with every test run, so that it cannot rot."""

from __future__ import annotations

import pytest

from bench.stages import LONG_WAY, SHORT_WAY, STAGES, filled_engine, measure
from bench.workloads import PUT, WORKLOADS, Workload


@pytest.mark.parametrize(
    ("workload", "way"),
    [(WORKLOADS[0], SHORT_WAY), (WORKLOADS[0], LONG_WAY), (PUT, LONG_WAY)],
    ids=["GetItem", "GetItem, the long way", "PutItem"],
)
def test_every_stage_of_a_way_is_measured(workload: Workload, way: tuple[str, ...]) -> None:
    engine = filled_engine()
    try:
        found = measure(workload, way, engine, rounds=1)
        assert tuple(found) == way
        assert all(figure > 0 for figure in found.values())
        assert set(way) <= set(STAGES)
    finally:
        engine.close()
