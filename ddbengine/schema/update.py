"""UpdateTable: from a schema and a checked request to the new schema, and what is shown meanwhile (FACTS 5.10).

| change | TableStatus meanwhile | shown meanwhile |
| --- | --- | --- |
| provisioned throughput | UPDATING | the old units, the new time |
| billing mode | UPDATING | the new mode without its time |
| stream, table class | UPDATING | the stream asked for, none when switched off; the old class |
| encryption, warm throughput | ACTIVE | the old values, their own Status UPDATING |
| deletion protection, on-demand maxima | ACTIVE | the new values |
| units, on-demand maxima of an index | ACTIVE | the old units, the new maxima, IndexStatus UPDATING |
| warm throughput of an index | ACTIVE | the old values, their own Status UPDATING |
| index created, deleted | UPDATING | IndexStatus CREATING with Backfilling, DELETING |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ddbengine.errors import ValidationException
from ddbengine.schema import throughput
from ddbengine.schema.arns import parse
from ddbengine.schema.describe import billing_members, decreases_today, provisioned_throughput, wire_time
from ddbengine.schema.quotas import check_decrease, check_quota
from ddbengine.schema.refusals import invalid
from ddbengine.schema.settings import encryption_description, stream_label, wants_own_key
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED
from ddbengine.schema.transition import ACTIVE, UPDATING, Transition
from ddbengine.schema.update_request import provisioned_on_demand
from ddbengine.schema.vector_indexes import check_billing as check_vector_billing


@dataclass(slots=True)
class Draft:
    """A schema being changed, and how the change is shown while it is under way."""

    schema: TableSchema
    now: float
    settings: dict[str, Any]
    indexes: dict[str, IndexSchema]
    """Global ones by name, in order."""
    vector_indexes: dict[str, IndexSchema]
    attribute_types: dict[str, str]
    status: str = ACTIVE
    shown: dict[str, Any] = field(default_factory=dict)
    shown_indexes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of global and vector indexes."""
    created: IndexSchema | None = None
    removed: IndexSchema | None = None

    @property
    def following_indexes(self) -> list[IndexSchema]:
        """Global and vector ones."""
        return [*self.indexes.values(), *self.vector_indexes.values()]

    @property
    def billing_mode(self) -> str:
        return str(self.settings["BillingMode"])

    @property
    def region(self) -> str:
        arn = parse(self.schema.arn)
        assert arn is not None, "a table's own ARN is well-formed"
        return arn.region

    def finished(self) -> TableSchema:
        return replace(
            self.schema,
            settings=self.settings,
            global_indexes=tuple(self.indexes.values()),
            vector_indexes=tuple(self.vector_indexes.values()),
            attribute_types=self.attribute_types,
        )

    def transition(self, until: float, filling_until: float, removed: tuple[Mapping[str, Any], ...]) -> Transition:
        created = self.created
        filling = () if created is None or created.vector is None else (created.name,)
        return Transition(self.status, until, self.shown, self.shown_indexes, removed, filling, filling_until)


def draft_of(schema: TableSchema, now: float) -> Draft:
    indexes = {index.name: index for index in schema.global_indexes}
    vectors = {index.name: index for index in schema.vector_indexes}
    return Draft(schema, now, dict(schema.settings), indexes, vectors, dict(schema.attribute_types))


def apply_table_changes(draft: Draft, request: Mapping[str, Any]) -> None:
    """Everything of a checked request but its index actions."""
    if "BillingMode" in request or "ProvisionedThroughput" in request:
        _change_billing(draft, request)
    if request.get("OnDemandThroughput"):
        _change_maxima(draft, request["OnDemandThroughput"])
    if request.get("WarmThroughput"):
        _change_warm(draft, request["WarmThroughput"])
    if "StreamSpecification" in request:
        _change_stream(draft, request["StreamSpecification"])
    if "SSESpecification" in request:
        _change_encryption(draft, request["SSESpecification"])
    if "TableClass" in request:
        _change_class(draft, request["TableClass"])
    for member in (
        "DeletionProtectionEnabled",
        "GlobalTableSettingsReplicationMode",
        "DisassociationProtectionEnabled",
    ):
        if member in request:
            draft.settings[member] = request[member]
    check_quota(request, draft.region)


def _change_billing(draft: Draft, request: Mapping[str, Any]) -> None:
    old_mode = draft.billing_mode
    new_mode = request.get("BillingMode", old_mode)
    draft.status = UPDATING
    if draft.vector_indexes:
        check_vector_billing(new_mode)
    if new_mode == old_mode:
        if "ProvisionedThroughput" in request:
            _change_units(draft, request["ProvisionedThroughput"])
        return
    draft.settings["BillingMode"] = new_mode
    draft.shown |= billing_members(new_mode, {})
    units = request.get("ProvisionedThroughput", {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    draft.settings["ProvisionedThroughput"] = {**draft.settings["ProvisionedThroughput"], **units}
    warm = draft.settings["WarmThroughput"]
    draft.settings["WarmThroughput"] = throughput.raised_warm(warm, new_mode, units)
    if new_mode == ON_DEMAND:
        draft.shown["WarmThroughput"] = {**warm, "Status": ACTIVE}
        draft.settings["LastUpdateToPayPerRequestDateTime"] = draft.now
        draft.shown["ProvisionedThroughput"] = {
            **provisioned_throughput(draft.settings["ProvisionedThroughput"], draft.now),
            "LastDecreaseDateTime": wire_time(draft.now),
        }
    else:
        draft.settings.pop("OnDemandThroughput", None)
    _switch_indexes(draft, request, new_mode)


def _switch_indexes(draft: Draft, request: Mapping[str, Any], new_mode: str) -> None:
    """Take every global index to the new billing mode; to PROVISIONED each needs units in the same request.

    The way to PAY_PER_REQUEST counts as a decrease of each index, but not of the table.
    """
    updates = [update.get("Update", {}) for update in request.get("GlobalSecondaryIndexUpdates", ())]
    units_by_name = {
        update["IndexName"]: update["ProvisionedThroughput"] for update in updates if "ProvisionedThroughput" in update
    }
    for name, index in draft.indexes.items():
        units = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        settings = dict(index.settings)
        if new_mode == PROVISIONED:
            if name not in units_by_name:
                raise invalid(f"ProvisionedThroughput must be specified for index: {name}")
            units = units_by_name[name]
            settings.pop("OnDemandThroughput", None)
            settings["ProvisionedThroughput"] = {**settings["ProvisionedThroughput"], **units}
        else:
            settings["ProvisionedThroughput"] = changed_units(settings["ProvisionedThroughput"], units, draft.now)
        settings["WarmThroughput"] = throughput.raised_warm(settings["WarmThroughput"], new_mode, units)
        draft.indexes[name] = replace(index, settings=settings)


def _change_units(draft: Draft, units: Mapping[str, int]) -> None:
    if draft.billing_mode == ON_DEMAND:
        raise provisioned_on_demand()
    old = draft.settings["ProvisionedThroughput"]
    check_units_change(old, units, "the table")
    check_decrease(old, units, draft.now)
    new = changed_units(old, units, draft.now)
    draft.settings["ProvisionedThroughput"] = new
    draft.settings["WarmThroughput"] = throughput.raised_warm(draft.settings["WarmThroughput"], PROVISIONED, units)
    draft.shown["ProvisionedThroughput"] = units_under_way(old, new, draft.now)


def check_units_change(old: Mapping[str, Any], units: Mapping[str, int], place: str) -> None:
    """Refuse to provision what is provisioned already; ``place`` is ``the table`` or ``index <name>``."""
    if any(old[member] != units[member] for member in ("ReadCapacityUnits", "WriteCapacityUnits")):
        return
    sentences = (
        f"Current {member} provisioned for {place}: {old[member]}. Requested {member}: {units[member]}. "
        for member in ("ReadCapacityUnits", "WriteCapacityUnits")
    )
    raise ValidationException(
        f"The provisioned throughput for the {place.removeprefix('the ')} will not change. "
        f"The requested value equals the current value. {''.join(sentences)}"
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


def changed_units(old: Mapping[str, Any], units: Mapping[str, int], now: float) -> dict[str, Any]:
    """Stored ProvisionedThroughput after a change of units; lowering both in one request is one decrease."""
    new = {**old, **units}
    members = ("ReadCapacityUnits", "WriteCapacityUnits")
    if any(units[member] > old[member] for member in members):
        new["LastIncreaseDateTime"] = now
    if any(units[member] < old[member] for member in members):
        new["NumberOfDecreasesToday"] = decreases_today(old, now) + 1
        new["LastDecreaseDateTime"] = now
    return new


def units_under_way(old: Mapping[str, Any], new: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The old units and count of decreases with the times of the change."""
    shown = provisioned_throughput(new, now)
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        shown[member] = old[member]
    shown["NumberOfDecreasesToday"] = decreases_today(old, now)
    return shown


def _change_maxima(draft: Draft, maxima: Mapping[str, int]) -> None:
    throughput.check_maxima_of_update(maxima, draft.billing_mode)
    old = draft.settings.pop("OnDemandThroughput", {})
    new = throughput.merged_maxima(old, maxima)
    if new:
        draft.settings["OnDemandThroughput"] = new
    draft.shown["OnDemandThroughput"] = {**old, **maxima}


def _change_warm(draft: Draft, warm: Mapping[str, int]) -> None:
    old = draft.settings["WarmThroughput"]
    throughput.check_warm_of_update(warm, old)
    draft.settings["WarmThroughput"] = {**old, **warm}
    draft.shown["WarmThroughput"] = {**old, "Status": UPDATING}


def _change_stream(draft: Draft, specification: Mapping[str, Any]) -> None:
    is_on = "StreamSpecification" in draft.settings
    if specification["StreamEnabled"] and is_on:
        raise ValidationException(f"Table already has an enabled stream: TableName: {draft.schema.name}")
    if not specification["StreamEnabled"] and not is_on:
        raise ValidationException(f"Table has no stream to disable: TableName: {draft.schema.name}")
    draft.status = UPDATING
    if specification["StreamEnabled"]:
        draft.settings["StreamSpecification"] = dict(specification)
        draft.settings["LatestStreamLabel"] = stream_label(draft.now)
        draft.shown["StreamSpecification"] = dict(specification)
    else:
        del draft.settings["StreamSpecification"]
        draft.shown["StreamSpecification"] = None  # shows nothing, but tells what is under way


def _change_encryption(draft: Draft, specification: Mapping[str, Any]) -> None:
    old = draft.settings.pop("SSEDescription", None)
    if not wants_own_key(specification):
        if old is None:
            raise invalid("Table is already encrypted by default")
        draft.shown["SSEDescription"] = {**old, "Status": UPDATING}
        return
    if old is not None and specification.get("KMSMasterKeyId") == old["KMSMasterKeyArn"]:
        raise invalid(
            "Table is already encrypted with given KMSMasterKeyId. "
            "Use KMSMasterKeyId parameter if you want to change Master Key"
        )
    arn = parse(draft.schema.arn)
    assert arn is not None, "a table's own ARN is well-formed"
    draft.settings["SSEDescription"] = encryption_description(specification, arn.region, arn.account_id)
    draft.shown["SSEDescription"] = {**(old or {}), "Status": UPDATING}


def _change_class(draft: Draft, table_class: str) -> None:
    old = draft.settings.get("TableClassSummary")
    draft.status = UPDATING
    if table_class != (old or {}).get("TableClass", "STANDARD"):
        draft.settings["TableClassSummary"] = {"TableClass": table_class, "LastUpdateDateTime": round(draft.now, 3)}
        draft.shown["TableClassSummary"] = old
