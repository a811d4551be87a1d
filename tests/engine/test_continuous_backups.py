"""DescribeContinuousBackups and UpdateContinuousBackups: what is shown of point-in-time recovery (FACTS 5.16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ddbengine.engine.clock import Clock
from ddbengine.engine.opening import open_engine
from tests.engine.calls import Calls
from tests.tables import table

NOW = 1_790_000_000.0


def update(engine: Calls, enabled: bool, **members: int) -> dict[str, Any]:
    specification = {"PointInTimeRecoveryEnabled": enabled, **members}
    answer = engine.call("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)
    recovery: dict[str, Any] = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return recovery


def described(engine: Calls) -> dict[str, Any]:
    answer = engine.call("DescribeContinuousBackups", TableName="table")["ContinuousBackupsDescription"]
    assert answer["ContinuousBackupsStatus"] == "ENABLED"
    recovery: dict[str, Any] = answer["PointInTimeRecoveryDescription"]
    return recovery


@pytest.fixture
def timed() -> Iterator[Calls]:
    engine = open_engine(None, clock=lambda: NOW)
    calls = Calls(engine)
    calls.create(table())
    yield calls
    engine.close()


def passed(engine: Calls, seconds: float) -> None:
    clock = engine.engine.clock
    assert isinstance(clock, Clock)
    clock.advance(seconds)


def test_recovery_of_a_new_table_is_disabled(timed: Calls) -> None:
    assert described(timed) == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_recovery_is_enabled_at_once_for_35_days_from_now_on(timed: Calls) -> None:
    enabled = {
        "PointInTimeRecoveryStatus": "ENABLED",
        "RecoveryPeriodInDays": 35,
        "EarliestRestorableDateTime": NOW,
        "LatestRestorableDateTime": NOW,
    }
    assert update(timed, True) == described(timed) == enabled


def test_the_latest_time_follows_five_minutes_behind_and_the_earliest_after_the_period(timed: Calls) -> None:
    update(timed, True, RecoveryPeriodInDays=1)
    passed(timed, 180)
    assert described(timed)["LatestRestorableDateTime"] == NOW
    passed(timed, 180)
    assert described(timed)["LatestRestorableDateTime"] == NOW + 60
    passed(timed, 86_400)
    assert described(timed)["EarliestRestorableDateTime"] == NOW + 360


def test_enabling_again_keeps_the_time_and_disabling_forgets_it_with_the_period(timed: Calls) -> None:
    update(timed, True, RecoveryPeriodInDays=7)
    passed(timed, 20)
    assert update(timed, True)["EarliestRestorableDateTime"] == NOW
    assert described(timed)["RecoveryPeriodInDays"] == 7
    assert update(timed, False) == update(timed, False) == {"PointInTimeRecoveryStatus": "DISABLED"}
    enabled = update(timed, True)
    assert (enabled["RecoveryPeriodInDays"], enabled["EarliestRestorableDateTime"]) == (35, NOW + 20)


def test_a_period_goes_with_enabling_only_and_is_35_days_at_most(timed: Calls) -> None:
    off = {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7}
    assert timed.invalid("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=off) == (
        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
    )
    long = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 36}
    assert timed.invalid("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=long) == (
        "1 validation error detected: Value '36' at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' "
        "failed to satisfy constraint: Member must have value less than or equal to 35"
    )


def test_a_table_that_is_not_there_is_not_found_in_words_of_their_own(engine: Calls) -> None:
    for operation, members in (
        ("DescribeContinuousBackups", {}),
        ("UpdateContinuousBackups", {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}),
    ):
        refused = engine.refusal(operation, TableName="none", **members)
        assert (refused.code, refused.message) == ("TableNotFoundException", "Table not found: none")
