"""The account's quotas on throughput, on CreateTable and UpdateTable (FACTS 5.10)."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.errors import ApiError, LimitExceededException
from tests.engine.control_plane import ControlPlane, definitions, index, on_demand, provisioned, units
from tests.engine.table_updates import change_index, create_index, refusal, update

GUIDE = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
OF_TABLE = (
    "The requested {member}, 40001, is above the per table maximum for the account in us-east-1. "
    f"Per table maximum: 40000. {GUIDE}"
)
OF_INDEX = (
    "The requested {member} for index idx, 40001, is above the per index maximum for the account in us-east-1. "
    f"Per table maximum: 40000. {GUIDE}"
)
MIDNIGHT = 1_791_504_000.0
"""Friday, October 9, 2026, 0:00 UTC."""


@pytest.fixture
def metered() -> ControlPlane:
    """A provisioned table, 50/50, with a global index, 50/50, a little before noon."""
    plane = ControlPlane()
    plane.now = MIDNIGHT + 11.5 * 3600
    plane.call(
        "CreateTable",
        provisioned(
            "Music", 50, 50, GlobalSecondaryIndexes=[index("idx", "Song", ProvisionedThroughput=units(50, 50))]
        ),
    )
    return plane


def exceeded(refused: ApiError) -> str | None:
    assert isinstance(refused, LimitExceededException), refused
    return refused.message


@pytest.mark.parametrize(
    ("asked", "member"), [(units(40_001, 1), "ReadCapacityUnits"), (units(40_000, 40_001), "WriteCapacityUnits")]
)
def test_units_are_limited_by_table_and_by_index(metered: ControlPlane, asked: dict[str, int], member: str) -> None:
    of_table, of_index = OF_TABLE.format(member=member), OF_INDEX.format(member=member)
    changed = change_index(ProvisionedThroughput=asked)
    assert exceeded(refusal(metered, ProvisionedThroughput=asked)) == of_table
    assert exceeded(refusal(metered, GlobalSecondaryIndexUpdates=changed)) == of_index
    with pytest.raises(LimitExceededException) as refused:
        metered.call("CreateTable", provisioned("Other", asked["ReadCapacityUnits"], asked["WriteCapacityUnits"]))
    assert refused.value.message == of_table
    with_index = provisioned("Other", GlobalSecondaryIndexes=[index("idx", "Song", ProvisionedThroughput=asked)])
    with pytest.raises(LimitExceededException) as refused:
        metered.call("CreateTable", with_index)
    assert refused.value.message == of_index
    with pytest.raises(ApiError):
        metered.describe("Other")


def test_table_and_indexes_are_not_added_up(metered: ControlPlane) -> None:
    update(
        metered,
        ProvisionedThroughput=units(40_000, 40_000),
        GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(40_000, 40_000)),
    )
    update(
        metered,
        AttributeDefinitions=definitions(Song="S"),
        GlobalSecondaryIndexUpdates=create_index("more", "Song", ProvisionedThroughput=units(40_000, 1)),
    )


def test_units_of_a_new_index_are_limited(metered: ControlPlane) -> None:
    created = create_index("idx2", "Song", ProvisionedThroughput=units(1, 40_001))
    refused = refusal(metered, AttributeDefinitions=definitions(Song="S"), GlobalSecondaryIndexUpdates=created)
    assert exceeded(refused) == OF_INDEX.format(member="WriteCapacityUnits").replace("idx", "idx2")


def test_maxima_and_warm_throughput_are_limited() -> None:
    plane = ControlPlane()
    plane.call("CreateTable", on_demand(GlobalSecondaryIndexes=[index("idx", "Song")]))
    maxima, warm = {"MaxReadRequestUnits": 40_001}, {"WriteUnitsPerSecond": 40_001}
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"OnDemandThroughput": maxima},
            "MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits",
        ),
        (
            {"WarmThroughput": warm},
            "WriteUnitsPerSecond for WarmThroughput for table exceeds TableMaxWriteCapacityUnits",
        ),
        (
            {"GlobalSecondaryIndexUpdates": change_index(OnDemandThroughput=maxima)},
            "MaxReadRequestUnits for OnDemandThroughput for index : idx exceeds TableMaxReadCapacityUnits",
        ),
        (
            {"GlobalSecondaryIndexUpdates": change_index(WarmThroughput=warm)},
            "WriteUnitsPerSecond for WarmThroughput for index idx exceeds TableMaxWriteCapacityUnits",
        ),
    ]
    for members, problem in cases:
        assert exceeded(refusal(plane, **members)) == (
            f"Subscriber limit exceeded: Requested {problem} of the account in region us-east-1"
        )


# --- decreases ------------------------------------------------------------------------------------------------------


def lower(plane: ControlPlane, *steps: int) -> None:
    for step in steps:
        update(plane, ProvisionedThroughput=units(step, step))


def test_the_fifth_decrease_of_a_day_waits_an_hour_after_the_last(metered: ControlPlane) -> None:
    lower(metered, 49, 48, 47, 46)
    metered.now += 600
    assert exceeded(refusal(metered, ProvisionedThroughput=units(45, 60))) == (
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the "
        "first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 "
        "seconds. Number of decreases today: 4. "
        "Last decrease at Friday, October 9, 2026 at 11:30:00 AM Coordinated Universal Time. "
        "Next decrease can be made at Friday, October 9, 2026 at 12:30:00 PM Coordinated Universal Time"
    )
    update(metered, ProvisionedThroughput=units(60, 60))
    metered.now += 2999
    assert "Number of decreases today: 4." in str(exceeded(refusal(metered, ProvisionedThroughput=units(59, 60))))
    metered.now += 1
    lower(metered, 59)
    assert "Number of decreases today: 5." in str(exceeded(refusal(metered, ProvisionedThroughput=units(58, 58))))


def test_a_new_day_begins_at_midnight(metered: ControlPlane) -> None:
    metered.now = MIDNIGHT + 23.75 * 3600
    lower(metered, 49, 48, 47, 46)
    assert str(exceeded(refusal(metered, ProvisionedThroughput=units(45, 45)))).endswith(
        "Next decrease can be made at Saturday, October 10, 2026 at 12:00:00 AM Coordinated Universal Time"
    )
    metered.now += 900
    lower(metered, 45)


def test_an_index_has_a_count_of_its_own(metered: ControlPlane) -> None:
    lower(metered, 49, 48, 47, 46)
    both = change_index(ProvisionedThroughput=units(49, 49))
    exceeded(refusal(metered, ProvisionedThroughput=units(45, 45), GlobalSecondaryIndexUpdates=both))
    for step in (49, 48, 47, 46):
        update(metered, GlobalSecondaryIndexUpdates=change_index(ProvisionedThroughput=units(step, step)))
    fifth = change_index(ProvisionedThroughput=units(45, 45))
    assert "Number of decreases today: 4." in str(exceeded(refusal(metered, GlobalSecondaryIndexUpdates=fifth)))


def test_going_on_demand_counts_for_the_index_but_not_for_the_table(metered: ControlPlane) -> None:
    update(metered, BillingMode="PAY_PER_REQUEST")
    described = metered.describe()
    assert described["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 0
    assert described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1
