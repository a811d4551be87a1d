"""The measurement of stages runs, small, with every test run, so that it cannot rot."""

from __future__ import annotations

from bench.stages import STAGES, filled_engine, measure
from bench.workloads import PUT, WORKLOADS


def test_every_stage_of_a_read_and_a_write_is_measured() -> None:
    engine = filled_engine()
    try:
        for workload in (WORKLOADS[0], PUT):
            found = measure(workload, engine, rounds=1)
            assert tuple(found) == STAGES
            assert all(figure > 0 for figure in found.values())
    finally:
        engine.close()
