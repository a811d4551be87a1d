"""DescribeContinuousBackups and UpdateContinuousBackups: point-in-time recovery as a setting (FACTS 5.16).

The setting says since when a table could be restored, and is shown as the service shows it.  No history of items is
kept, and RestoreTableToPointInTime is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.errors import ValidationException
from ddbengine.limits import RECOVERY_PERIOD_DAYS
from ddbengine.schema.describe import wire_time
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_SETTING = "PointInTimeRecovery"
_LAG_SECONDS = 300.0
"""How long ago the latest time is that a table can be restored to, unless recovery was switched on after it."""
_SECONDS_PER_DAY = 86_400.0


def _described(schema: TableSchema, now: float) -> bytes:
    setting = schema.settings.get(_SETTING)
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if setting is not None:
        since, days = setting["Since"], setting["RecoveryPeriodInDays"]
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": days,
            "EarliestRestorableDateTime": _wire_second(_earliest(setting, now)),
            "LatestRestorableDateTime": _wire_second(max(since, now - _LAG_SECONDS)),
        }
    description = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
    return orjson.dumps({"ContinuousBackupsDescription": description})


def _earliest(setting: Mapping[str, Any], now: float) -> float:
    since, days = float(setting["Since"]), float(setting["RecoveryPeriodInDays"])
    return max(since, now - days * _SECONDS_PER_DAY)


def earliest_restorable(schema: TableSchema, now: float) -> float | None:
    """Since when a table could be restored, in seconds since the epoch; None without point-in-time recovery."""
    setting = schema.settings.get(_SETTING)
    return None if setting is None else _earliest(setting, now)


def _wire_second(seconds: float) -> float:
    return wire_time(float(int(seconds)))


@dataclass(frozen=True, slots=True)
class DescribeContinuousBackups:
    surroundings: Surroundings
    namespace: str
    table_name: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.backed_up_table(txn, self.namespace, self.table_name)
        return Outcome(_described(schema, self.surroundings.clock()))


def describe_continuous_backups(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return DescribeContinuousBackups(surroundings, surroundings.namespace(caller), request["TableName"])


@dataclass(frozen=True, slots=True)
class UpdateContinuousBackups:
    """To switch on what is on keeps the time since when; to switch off forgets it, and the period."""

    surroundings: Surroundings
    namespace: str
    table_name: str
    specification: Mapping[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        now = self.surroundings.clock()
        old = self.surroundings.catalog.backed_up_table(txn, self.namespace, self.table_name)
        settings = {name: value for name, value in old.settings.items() if name != _SETTING}
        if self.specification["PointInTimeRecoveryEnabled"]:
            before = old.settings.get(_SETTING, {"Since": now, "RecoveryPeriodInDays": RECOVERY_PERIOD_DAYS})
            settings[_SETTING] = {
                "Since": before["Since"],
                "RecoveryPeriodInDays": self.specification.get("RecoveryPeriodInDays", before["RecoveryPeriodInDays"]),
            }
        new = replace(old, settings=settings)
        return Outcome(_described(new, now), [] if settings == old.settings else [catalogs.save(new)])


def update_continuous_backups(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    specification = request["PointInTimeRecoverySpecification"]
    if not specification["PointInTimeRecoveryEnabled"] and "RecoveryPeriodInDays" in specification:
        raise ValidationException(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    return UpdateContinuousBackups(surroundings, surroundings.namespace(caller), request["TableName"], specification)
