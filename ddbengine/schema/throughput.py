"""Throughput members of CreateTable and UpdateTable: provisioned, on-demand maxima, warm.

Wording differs between the two operations, and between a table and an index, where it differs on the service
(FACTS 5.9 and 5.10; on-demand and warm throughput observed on us-west-2, October 2026).

| | provisioned table | on-demand table |
| --- | --- | --- |
| ProvisionedThroughput | required | refused |
| OnDemandThroughput | refused | each maximum at least 1; -1 in UpdateTable takes a maximum away |
| WarmThroughput, never lower than before | at least the provisioned units | at least 12000 / 4000 |
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from ddbengine.errors import ValidationException
from ddbengine.limits import THROUGHPUT_MAX_UNITS
from ddbengine.schema.refusals import invalid

PROVISIONED: Final = "PROVISIONED"
ON_DEMAND: Final = "PAY_PER_REQUEST"

ON_DEMAND_WARM: Final = {"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000}
"""What an on-demand table or index can do at once without being asked for more."""

NO_MAXIMUM: Final = -1

PARTITION_UNITS: Final = {"ReadUnitsPerSecond": 3_000, "WriteUnitsPerSecond": 1_000}
"""What one partition can do."""

_WARM_OF_UNITS = {"ReadUnitsPerSecond": "ReadCapacityUnits", "WriteUnitsPerSecond": "WriteCapacityUnits"}
_MAXIMA = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_ON_DEMAND_GUIDE = (
    "See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "on-demand-capacity-mode.html#on-demand-capacity-mode-initial"
)


def check_bounds(provisioned: Mapping[str, int]) -> None:
    """Refuse more than 10^12 units (FACTS 5.9 row 3)."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if provisioned[member] > THROUGHPUT_MAX_UNITS:
            raise ValidationException(f"Given value {provisioned[member]} for {member} is out of bounds")


def check_maxima_of_new(maxima: Mapping[str, int], billing_mode: str, index: str | None = None) -> None:
    """OnDemandThroughput of CreateTable or of an index being created."""
    place = "" if index is None else f" for index: {index}"
    for member in _MAXIMA:
        if member not in maxima:
            continue
        if billing_mode == PROVISIONED:
            raise invalid(
                f"{member} for OnDemandThroughput{place} cannot be specified when table BillingMode is PROVISIONED."
            )
        if maxima[member] < 1:
            raise _out_of_range(member, index)


def check_maxima_of_update(maxima: Mapping[str, int], billing_mode: str, index: str | None = None) -> None:
    """OnDemandThroughput of UpdateTable."""
    place = "" if index is None else f" for index : {index}"
    for member in _MAXIMA:
        if member not in maxima:
            continue
        if billing_mode == PROVISIONED:
            raise invalid(
                f"{member} for OnDemandThroughput{place} cannot be specified when the table BillingMode is PROVISIONED"
            )
        if maxima[member] < 1 and maxima[member] != NO_MAXIMUM:
            raise _out_of_range(member, index)


def _out_of_range(member: str, index: str | None) -> ValidationException:
    place = "table" if index is None else f"index : {index}"
    return invalid(f"Requested {member} for OnDemandThroughput for {place} is outside of valid range")


def merged_maxima(old: Mapping[str, int], update: Mapping[str, int]) -> dict[str, int]:
    """Maxima after an update, member by member; -1 takes one away."""
    merged = {**old, **update}
    return {member: merged[member] for member in _MAXIMA if merged.get(member, NO_MAXIMUM) != NO_MAXIMUM}


def check_warm_of_new(
    warm: Mapping[str, int], billing_mode: str, provisioned: Mapping[str, int] | None, index: str | None = None
) -> None:
    """WarmThroughput of CreateTable or of an index being created."""
    place = "table" if index is None else f"index {index}"
    for member, units in _WARM_OF_UNITS.items():
        if member not in warm:
            continue
        problem = f"Requested {member} for WarmThroughput for {place} is lower than"
        if billing_mode == ON_DEMAND:
            if warm[member] < ON_DEMAND_WARM[member]:
                raise invalid(f"{problem} initial throughput for OnDemand. {_ON_DEMAND_GUIDE}")
        elif provisioned is not None and warm[member] < provisioned[units]:
            raise invalid(f"{problem} {units} of ProvisionedThroughput")


def check_warm_of_update(warm: Mapping[str, int], current: Mapping[str, int], index: str | None = None) -> None:
    """WarmThroughput never goes down."""
    place = "table" if index is None else f"index {index}"
    for member in _WARM_OF_UNITS:
        if member in warm and warm[member] < current[member]:
            raise invalid(
                f"Requested {member} for WarmThroughput for {place} is lower than current WarmThroughput, "
                "decreasing WarmThroughput is not supported"
            )


def raised_warm(warm: Mapping[str, int], billing_mode: str, provisioned: Mapping[str, int] | None) -> dict[str, int]:
    """What a table or index can do at once: the most it was ever asked to, or set up to.  It never goes down."""
    floor = ON_DEMAND_WARM if billing_mode == ON_DEMAND else _warm_of_provisioned(provisioned)
    return {member: max(warm.get(member, 0), floor[member]) for member in _WARM_OF_UNITS}


def partitions_of_throughput(settings: Mapping[str, Any]) -> int:
    """How many partitions a table needs for its warm throughput, given its ``TableSchema.settings``.

    The service adds up what reads and writes need on a provisioned table ("How DynamoDB partitions work": reads / 3,000
    + writes / 1,000); a new on-demand table has four.
    """
    shares: list[float] = [settings["WarmThroughput"][member] / units for member, units in PARTITION_UNITS.items()]
    return max(1, ceil(max(shares) if settings["BillingMode"] == ON_DEMAND else sum(shares)))


def _warm_of_provisioned(provisioned: Mapping[str, int] | None) -> dict[str, int]:
    return {member: (provisioned or {}).get(units, 0) for member, units in _WARM_OF_UNITS.items()}
