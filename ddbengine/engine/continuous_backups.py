"""DescribeContinuousBackups and UpdateContinuousBackups: point-in-time recovery of a table (FACTS 5.16).

``engine.history`` keeps what ``engine.point_in_time`` needs to restore the table as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.history import Recovery, recovery_of, recovery_put, switched_off, switched_on
from ddbengine.errors import ValidationException
from ddbengine.limits import RECOVERY_PERIOD_DAYS
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes


def _described(recovery: Recovery | None, now: float) -> bytes:
    described: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if recovery is not None:
        described = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": recovery.days,
            "EarliestRestorableDateTime": float(recovery.earliest(now)),
            "LatestRestorableDateTime": float(recovery.latest(now)),
        }
    description = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": described}
    return orjson.dumps({"ContinuousBackupsDescription": description})


@dataclass(frozen=True, slots=True)
class DescribeContinuousBackups:
    surroundings: Surroundings
    namespace: str
    table_name: str
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.surroundings.catalog.backed_up_table(txn, self.namespace, self.table_name)
        return Outcome(_described(recovery_of(txn, schema), self.surroundings.clock()))


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
        schema = self.surroundings.catalog.undeleted_table(txn, self.namespace, self.table_name)
        recovery = recovery_of(txn, schema)
        if not self.specification["PointInTimeRecoveryEnabled"]:
            return Outcome(_described(None, now), [] if recovery is None else _off(schema))
        if recovery is None:
            days = self.specification.get("RecoveryPeriodInDays", RECOVERY_PERIOD_DAYS)
            saved, recovery, writes = switched_on(schema, days, txn, now)
            return Outcome(_described(recovery, now), [catalogs.save(saved), writes])
        changed = recovery._replace(days=self.specification.get("RecoveryPeriodInDays", recovery.days))
        writes = Writes(puts=[recovery_put(schema.number, changed)])
        return Outcome(_described(changed, now), [] if changed == recovery else [writes])


def _off(schema: TableSchema) -> list[Writes]:
    saved, writes = switched_off(schema)
    return [catalogs.save(saved), writes]


def update_continuous_backups(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    specification = request["PointInTimeRecoverySpecification"]
    if not specification["PointInTimeRecoveryEnabled"] and "RecoveryPeriodInDays" in specification:
        raise ValidationException(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    return UpdateContinuousBackups(surroundings, surroundings.namespace(caller), request["TableName"], specification)
