"""The account's quotas on throughput: how much a table or index may have, and how often it may have less.

The service checks them when nothing else is wrong with a request, and answers LimitExceededException (FACTS 5.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ddbengine.errors import LimitExceededException
from ddbengine.limits import TABLE_MAX_READ_UNITS, TABLE_MAX_WRITE_UNITS
from ddbengine.schema.describe import decreases_today

FREE_DECREASES_PER_DAY: Final = 4
DECREASE_INTERVAL_SECONDS: Final = 3600

_MOST = {
    "ReadCapacityUnits": TABLE_MAX_READ_UNITS,
    "WriteCapacityUnits": TABLE_MAX_WRITE_UNITS,
    "MaxReadRequestUnits": TABLE_MAX_READ_UNITS,
    "MaxWriteRequestUnits": TABLE_MAX_WRITE_UNITS,
    "ReadUnitsPerSecond": TABLE_MAX_READ_UNITS,
    "WriteUnitsPerSecond": TABLE_MAX_WRITE_UNITS,
}
_GUIDE = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


def check_quota(request: Mapping[str, Any], region: str, index: str | None = None) -> None:
    """Refuse more throughput than a table, or an index by itself, may have.

    ``request`` has the members ProvisionedThroughput, OnDemandThroughput and WarmThroughput, or some of them.
    """
    for member, units in request.get("ProvisionedThroughput", {}).items():
        if units > _MOST[member]:
            of_index, kind = ("", "table") if index is None else (f" for index {index}", "index")
            raise LimitExceededException(
                f"The requested {member}{of_index}, {units}, is above the per {kind} maximum for the account in "
                f"{region}. Per table maximum: {_MOST[member]}. {_GUIDE}"
            )
    _check_members(request, "OnDemandThroughput", region, "table" if index is None else f"index : {index}")
    _check_members(request, "WarmThroughput", region, "table" if index is None else f"index {index}")


def _check_members(request: Mapping[str, Any], structure: str, region: str, place: str) -> None:
    for member, units in (request.get(structure) or {}).items():
        if units > _MOST[member]:
            quota = f"TableMax{'Read' if 'Read' in member else 'Write'}CapacityUnits"
            raise LimitExceededException(
                f"Subscriber limit exceeded: Requested {member} for {structure} for {place} exceeds {quota} "
                f"of the account in region {region}"
            )


def check_decrease(stored: Mapping[str, Any], units: Mapping[str, int], now: float) -> None:
    """Refuse to lower provisioned units too often; ``stored`` are those of a table or index (see schema.settings)."""
    if all(units[member] >= stored[member] for member in ("ReadCapacityUnits", "WriteCapacityUnits")):
        return
    decreases = decreases_today(stored, now)
    if decreases < FREE_DECREASES_PER_DAY:
        return
    last = datetime.fromtimestamp(stored["LastDecreaseDateTime"], tz=timezone.utc)
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    next_allowed = min(last + timedelta(seconds=DECREASE_INTERVAL_SECONDS), midnight)
    if now < next_allowed.timestamp():
        raise LimitExceededException(
            "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. "
            f"After the first {FREE_DECREASES_PER_DAY} decreases, each subsequent decrease in the same UTC day can be "
            f"performed at most once every {DECREASE_INTERVAL_SECONDS} seconds. "
            f"Number of decreases today: {decreases}. Last decrease at {_spelled_out(last)}. "
            f"Next decrease can be made at {_spelled_out(next_allowed)}"
        )


def _spelled_out(time: datetime) -> str:
    """``Friday, October 9, 2026 at 1:21:34 AM Coordinated Universal Time``."""
    return (
        f"{time:%A, %B} {time.day}, {time.year} at {time.hour % 12 or 12}:{time:%M:%S} "
        f"{'AM' if time.hour < 12 else 'PM'} Coordinated Universal Time"
    )
