"""Counting steps of the interpreter."""

from __future__ import annotations

import sys

from bench.stages import filled_engine
from bench.steps import steps_of
from bench.workloads import WORKLOADS


def test_reads_take_the_same_steps_again_and_the_trace_function_is_put_back() -> None:
    engine = filled_engine()
    before = sys.gettrace()
    for workload in WORKLOADS:
        if workload.operation in ("GetItem", "Scan"):
            steps = steps_of(workload, engine)
            assert steps == steps_of(workload, engine)
            assert 50 < sum(steps.values()) < 5000
            assert any(name == "data_received" for _, name in steps)
    assert sys.gettrace() is before
    engine.close()
