"""RestoreTableFromBackup: a new table with the items of a backup (FACTS 5.16).

``schema.restored`` says what the table is; ``engine.restoring`` puts the items in.  Until they are all there it is
CREATING and shows a RestoreSummary, and the backup can neither be deleted nor feed another table.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.backup_rows import Backup, Restoring, restoring_put, restorings
from ddbengine.engine.backups import BackupName, backup_name
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.index_register import reregistered
from ddbengine.engine.restoring import first_items
from ddbengine.engine.tables import described
from ddbengine.errors import (
    BackupInUseException,
    TableAlreadyExistsException,
    TableInUseException,
    ValidationException,
)
from ddbengine.schema import arns
from ddbengine.schema.create import TableIdentity
from ddbengine.schema.describe import billing_members, wire_time
from ddbengine.schema.restored import check_overrides, restored_schema
from ddbengine.schema.table import TableSchema
from ddbengine.schema.throughput import ON_DEMAND
from ddbengine.schema.transition import CREATING, Transition, with_transition
from ddbengine.storage.store import Outcome, Plan, ReadTxn, Writes


@dataclass(frozen=True, slots=True)
class RestoreTableFromBackup:
    surroundings: Surroundings
    caller: Caller
    backup_name: BackupName
    request: Mapping[str, Any]
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        surroundings, now = self.surroundings, self.surroundings.clock()
        backup = self.backup_name.find(txn)
        source = backup.schema
        check_overrides(source, self.request)
        self._check_free(txn)
        self._check_backup(backup, txn)
        first = catalogs.next_number(txn)
        schema, taken = restored_schema(source, self.request, self._identity(now), first)
        cuts = surroundings.streams.first_cuts(schema)
        if cuts:
            schema = replace(schema, settings={**schema.settings, "PartitionCuts": cuts})
        transition = self._creation(schema, backup, now)
        body = described(schema, txn, now, transition)
        items, restored_to = first_items(schema, backup, txn)
        until = now + surroundings.transient_seconds
        shown: Transition | None = transition
        rest: list[Any] = []
        if restored_to is not None:
            shown = replace(transition, until=math.inf)
            row = Restoring(schema.namespace, schema.name, backup.key, restored_to, until)
            rest = [Writes(puts=[restoring_put(schema.number, row)])]
        elif surroundings.transient_seconds == 0:
            shown = None
        numbers = catalogs.taken_numbers(first, taken)
        saved = catalogs.save(with_transition(schema, shown))
        return Outcome(body, [numbers, saved, *reregistered(None, schema, txn), *items, *rest])

    def _check_free(self, txn: ReadTxn) -> None:
        """The service tells a table that is being restored from any other that has the name."""
        name = self.request["TargetTableName"]
        existing = self.surroundings.catalog.find(txn, self.backup_name.namespace, name)
        if existing is None:
            return
        if existing.number in restorings(txn):
            raise TableInUseException(f"Table: {name} is already being restored from backup: {self.backup_name.arn}")
        raise TableAlreadyExistsException(f"Table already exists: {name}")

    def _check_backup(self, backup: Backup, txn: ReadTxn) -> None:
        if backup.is_copying:
            raise BackupInUseException(f"Backup is being created: {self.backup_name.arn}")
        if any(other.backup_key == backup.key for other in restorings(txn).values()):
            raise BackupInUseException(f"Backup is being used to restore another table: {self.backup_name.arn}")

    def _identity(self, now: float) -> TableIdentity:
        name, region, account_id = self.request["TargetTableName"], self.caller.region, self.surroundings.account_id
        arn = arns.table_arn(region, account_id, name)
        return TableIdentity(name, self.backup_name.namespace, arn, str(uuid.uuid4()), region, account_id, now)

    def _creation(self, schema: TableSchema, backup: Backup, now: float) -> Transition:
        summary = {
            "SourceBackupArn": self.backup_name.arn,
            "SourceTableArn": backup.schema.arn,
            "RestoreDateTime": wire_time(backup.created),
            "RestoreInProgress": True,
        }
        table: dict[str, Any] = {"WarmThroughput": None, "RestoreSummary": summary}
        if schema.settings["BillingMode"] == ON_DEMAND:
            table |= billing_members(ON_DEMAND, {})
        indexes = {index.name: {"IndexStatus": None, "WarmThroughput": None} for index in schema.global_indexes}
        indexes |= {index.name: {"IndexStatus": None} for index in schema.vector_indexes}
        return Transition(CREATING, now + self.surroundings.transient_seconds, table, indexes)


def restore_table_from_backup(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    name = backup_name(surroundings, caller, request["BackupArn"])
    arn = arns.parse(name.arn)
    is_elsewhere = arn is not None and arn.region != caller.region and not surroundings.shared
    if is_elsewhere and "SSESpecificationOverride" not in request:
        raise ValidationException(
            "Invalid Request: sseSpecificationOverride must be provided for cross-region restores"
        )
    return RestoreTableFromBackup(surroundings, caller, name, request)
