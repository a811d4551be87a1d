"""What a change that is under way lets in meanwhile: UpdateTable and DeleteTable on a table that is not at rest.

| asked for | waits while |
| --- | --- |
| units, billing mode | either, a stream or the table class changes; an index is deleted or gets its resources |
| a stream | the same |
| a table class | the same |
| an index created or deleted | units, billing mode, a stream or the table class changes |
| on-demand maxima | billing mode, a stream or the table class changes; an index is deleted or gets its resources |
| a change of one index | that index changes |
| encryption | encryption changes |
| deletion protection, warm throughput | never |
| the table deleted | anything above, and while an index is created or updated |

An index gets its resources while it is CREATING and not yet Backfilling.  Observed on us-west-2 in October 2026
(FACTS 5.10); some sentences are completed from others of their family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddbengine.errors import ResourceInUseException, ValidationException
from ddbengine.schema.refusals import in_use
from ddbengine.schema.table import TableSchema
from ddbengine.schema.transition import CREATING, DELETING, UPDATING, Transition
from ddbengine.schema.update_request import CREATE, DELETE, index_actions


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """What is happening to a table.  The schema is the picture after it."""

    schema: TableSchema
    members: Mapping[str, Any]
    """Of the description, those that are not shown as they will be."""
    allocating: tuple[str, ...]
    """Names of indexes that are created and get their resources."""
    deleting: tuple[str, ...]
    updating: tuple[str, ...]

    @property
    def billing_changes(self) -> bool:
        return "BillingModeSummary" in self.members

    @property
    def units_change(self) -> bool:
        return self.billing_changes or "ProvisionedThroughput" in self.members

    @property
    def stream_changes(self) -> bool:
        return "StreamSpecification" in self.members

    @property
    def class_changes(self) -> bool:
        return "TableClassSummary" in self.members

    @property
    def table(self) -> str:
        return f"Table: {self.schema.name}"

    @property
    def stream(self) -> str:
        settings = self.schema.settings
        operation = "ENABLE" if "StreamSpecification" in settings else "DISABLE"
        return f"Stream: {settings['LatestStreamLabel']} Operation: {operation}"

    @property
    def table_class(self) -> str:
        return f"TableClassUpdateInProgress: {self.schema.settings['TableClassSummary']['TableClass']}"


def _under_way(schema: TableSchema, running: Transition) -> _UnderWay:
    by_status: dict[str, list[str]] = {CREATING: [], DELETING: [], UPDATING: []}
    for name, shown in running.indexes.items():
        if shown.get("IndexStatus") in by_status and not shown.get("Backfilling"):
            by_status[shown["IndexStatus"]].append(name)
    deleting = [*by_status[DELETING], *(str(shown["IndexName"]) for shown in running.removed)]
    return _UnderWay(schema, running.table, tuple(by_status[CREATING]), tuple(deleting), tuple(by_status[UPDATING]))


def check_admitted(schema: TableSchema, running: Transition | None, request: Mapping[str, Any]) -> None:
    """Refuse an update that the change under way does not let in; raise ResourceInUseException."""
    if running is None:
        return
    _check_is_there(schema, running)
    now = _under_way(schema, running)
    actions = index_actions(request)
    for action in actions:
        _check_index(now, action.kind, action.name)
    if "ProvisionedThroughput" in request or _switches_billing(schema, request):
        _check_units(now)
    if request.get("OnDemandThroughput"):
        _check_maxima(now)
    if "StreamSpecification" in request:
        _check_stream(now)
    if "TableClass" in request:
        _check_beside(now, "Can't update table class")
    if any(action.kind in (CREATE, DELETE) for action in actions):
        _check_index_set(now)
    if "SSESpecification" in request and "SSEDescription" in now.members:
        raise in_use("Server-Side Encryption is still being updated")


def check_deletable(schema: TableSchema, running: Transition | None) -> None:
    """Refuse to delete a protected table, or one that something is being done to (FACTS 5.1, 5.10)."""
    if running is not None:
        _check_is_there(schema, running)
    if schema.settings["DeletionProtectionEnabled"]:
        raise ValidationException(
            "Resource cannot be deleted as it is currently protected against deletion. "
            "Disable deletion protection first."
        )
    fills = any(index.is_filling for index in schema.following_indexes)
    if running is None and not fills:
        return
    if running is None or fills or running.touches_indexes():
        raise in_use("Cannot delete table while indexes are being created, updated, or deleted.")
    if _under_way(schema, running).stream_changes:
        raise in_use("Cannot delete table while stream is being enabled/disabled.")
    raise in_use(f"Table: {schema.name} is in the process of being updated.")


def _check_is_there(schema: TableSchema, running: Transition) -> None:
    if running.status == CREATING:
        raise in_use(f"Table is being created: {schema.name}")
    if running.status == DELETING:
        raise in_use(f"Table is being deleted: {schema.name}")


def _switches_billing(schema: TableSchema, request: Mapping[str, Any]) -> bool:
    """Asking for the billing mode there is changes nothing, and waits for nothing."""
    return bool(request.get("BillingMode", schema.settings["BillingMode"]) != schema.settings["BillingMode"])


def _check_index(now: _UnderWay, kind: str, name: str) -> None:
    place = f"{now.table} Index: {name}"
    if name in now.deleting:
        raise in_use(f"Index is being deleted. {place}")
    if name in now.updating:
        raise in_use(f"Index is being updated. {place}")
    if name not in now.allocating or kind == CREATE:
        return
    if kind == DELETE:
        raise in_use(
            "Index creation is in resource allocation phase. "
            f"Retry deletion during backfilling phase or when the index is active. {place}"
        )
    raise in_use(f"Index is being created but is not backfilling yet. {place}")


def _check_units(now: _UnderWay) -> None:
    if now.units_change and not (now.allocating or now.deleting):
        raise in_use(f"Table IOPS are currently being updated. {now.table}")
    _check_beside(now, "Can't change table IOPS")


def _check_stream(now: _UnderWay) -> None:
    if now.stream_changes:
        raise in_use(f"A stream status change is currently in progress. {now.table} {now.stream}")
    if now.units_change:
        raise _while_units_change(now, "Can't enable or disable stream")
    _check_beside(now, "Can't change stream status")


def _check_index_set(now: _UnderWay) -> None:
    """Beside other indexes: see ``update_indexes.ONLINE_LIMIT``."""
    if now.units_change:
        raise _while_units_change(now, "Can't create or delete indexes")
    _check_beside_table(now, "Can't create or delete an index")


def _check_beside(now: _UnderWay, problem: str) -> None:
    for names, happens in ((now.allocating, "created"), (now.deleting, "deleted")):
        if names:
            raise in_use(f"{problem} when an index is being {happens}. {now.table} Indexes: [{', '.join(names)}]")
    if now.units_change:
        raise _while_units_change(now, problem)
    _check_beside_table(now, problem)


def _check_beside_table(now: _UnderWay, problem: str) -> None:
    if now.stream_changes:
        raise in_use(f"{problem} when stream status is being updated. {now.table} {now.stream}")
    if now.class_changes:
        raise in_use(f"{problem} when a table class update is in progress. {now.table} {now.table_class}")


def _while_units_change(now: _UnderWay, problem: str) -> ResourceInUseException:
    return in_use(f"{problem} while table IOPS are being updated. {now.table}")


def _check_maxima(now: _UnderWay) -> None:
    problem = "OnDemandThroughput cannot be updated while"
    for names, happens in ((now.allocating, "creation"), (now.deleting, "deletion")):
        if names:
            raise in_use(f"{problem} index {happens} is in progress for indexes: [{', '.join(names)}]")
    if now.billing_changes:
        raise in_use(f"{problem} BillingMode update is in progress")
    if now.stream_changes:
        raise in_use(f"{problem} stream status update is in progress")
    if now.class_changes:
        raise in_use(f"{problem} TableClass update is in progress. {now.table_class}")
