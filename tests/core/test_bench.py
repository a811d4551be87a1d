"""The core's benchmark runs, and answers what it answered when it was written."""

from __future__ import annotations

from bench import core


def test_every_measured_call_answers_as_before() -> None:
    assert f"{core.checksum():08x}" == "62e4e95a"


def test_a_call_can_be_measured() -> None:
    assert core.nanoseconds(core.CALLS["encode_item"], 0.01) > 0
