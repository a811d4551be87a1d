"""UpdateTable's index actions: global indexes created, changed and deleted on a table that exists (FACTS 5.10).

One index at a time may be created or deleted.  AttributeDefinitions of the request serve only an index being created:
what its key uses is added to the table's, a type already stored stays, and the rest is ignored.  Deleting an index
takes along the definitions that no other key uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ddbengine.errors import LimitExceededException, ResourceNotFoundException, ValidationException
from ddbengine.limits import GLOBAL_INDEXES_MAX, ONLINE_INDEX_CHANGES_MAX
from ddbengine.schema import key_schema, throughput
from ddbengine.schema.create import check_index_limits, check_projected, global_index
from ddbengine.schema.describe import attribute_definitions
from ddbengine.schema.quotas import check_decrease, check_quota
from ddbengine.schema.refusals import invalid
from ddbengine.schema.table import IndexSchema
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED
from ddbengine.schema.transition import CREATING, UPDATING, Transition
from ddbengine.schema.update import Draft, changed_units, check_units_change, units_under_way
from ddbengine.schema.update_request import CREATE, DELETE, UPDATE, index_action

ONLINE_LIMIT = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


def apply_index_actions(
    draft: Draft, request: Mapping[str, Any], running: Transition | None, next_number: int, switched: bool
) -> None:
    """The index actions of a checked request; ``switched`` when the same request changed the billing mode.

    ``next_number`` becomes the number of an index being created.
    """
    actions = [index_action(update) for update in request.get("GlobalSecondaryIndexUpdates", ())]
    for kind, action in actions:
        if kind != CREATE:
            _check_exists(draft, kind, action["IndexName"])
    online = [(kind, action["IndexName"]) for kind, action in actions if kind != UPDATE]
    if len(online) > ONLINE_INDEX_CHANGES_MAX or (online and running is not None and running.changes_index_set()):
        raise LimitExceededException(ONLINE_LIMIT)
    filling = [(DELETE, index.name) for index in draft.indexes.values() if index.is_filling]
    if online and filling and online != filling:  # the one that is being filled may be deleted
        raise LimitExceededException(ONLINE_LIMIT)
    for kind, action in actions:
        if kind == UPDATE:
            _change_index(draft, action, switched)
        elif kind == CREATE:
            _create_index(draft, action, request.get("AttributeDefinitions", ()), next_number)
        else:
            _delete_index(draft, action["IndexName"])


def _check_exists(draft: Draft, kind: str, name: str) -> None:
    if name in draft.indexes:
        return
    if draft.schema.index(name) is not None:
        verb = "delete" if kind == DELETE else "update"
        raise ValidationException(f"Cannot {verb} an index that is not a GlobalSecondaryIndex: {name}")
    raise ResourceNotFoundException(f"Requested resource not found: Index {name} for table {draft.schema.name}")


def _change_index(draft: Draft, action: Mapping[str, Any], switched: bool) -> None:
    name = action["IndexName"]
    _check_members(draft, action)
    settings = dict(draft.indexes[name].settings)
    shown: dict[str, Any] = {}
    if "ProvisionedThroughput" in action or action.get("OnDemandThroughput"):
        shown["IndexStatus"] = UPDATING
    if "ProvisionedThroughput" in action and not switched:
        old, units = settings["ProvisionedThroughput"], action["ProvisionedThroughput"]
        check_units_change(old, units, f"index {name}")
        check_decrease(old, units, draft.now)
        settings["ProvisionedThroughput"] = changed_units(old, units, draft.now)
        settings["WarmThroughput"] = throughput.raised_warm(settings["WarmThroughput"], PROVISIONED, units)
        shown["ProvisionedThroughput"] = units_under_way(old, settings["ProvisionedThroughput"], draft.now)
    if action.get("OnDemandThroughput"):
        maxima = throughput.merged_maxima(settings.pop("OnDemandThroughput", {}), action["OnDemandThroughput"])
        if maxima:
            settings["OnDemandThroughput"] = maxima
    if action.get("WarmThroughput"):
        warm = settings["WarmThroughput"]
        throughput.check_warm_of_update(action["WarmThroughput"], warm, name)
        settings["WarmThroughput"] = {**warm, **action["WarmThroughput"]}
        shown["WarmThroughput"] = {**warm, "Status": UPDATING}
    check_quota(action, draft.region, name)
    draft.indexes[name] = replace(draft.indexes[name], settings=settings)
    draft.shown_indexes[name] = shown


def _check_members(draft: Draft, action: Mapping[str, Any]) -> None:
    name, maxima = action["IndexName"], action.get("OnDemandThroughput", {})
    throughput.check_maxima_of_update(maxima, draft.billing_mode, name)
    warms = bool(maxima or action.get("WarmThroughput"))
    if draft.billing_mode == ON_DEMAND and ("ProvisionedThroughput" in action or not warms):
        raise invalid(
            f"The only Updates for index: {name} when TableThroughputMode is PAY_PER_REQUEST can be to "
            "OnDemandThroughput, WarmThroughput"
        )
    if draft.billing_mode == PROVISIONED and not warms and "ProvisionedThroughput" not in action:
        raise invalid(f"ProvisionedThroughput must be specified for index: {name}")


def _create_index(
    draft: Draft, action: Mapping[str, Any], definitions: Sequence[Mapping[str, str]], number: int
) -> None:
    name = action["IndexName"]
    if draft.schema.index(name) is not None:
        raise ValidationException("Attempting to create an index which already exists")
    if not definitions:
        raise invalid(f"AttributeDefinitions is not specified for index: {name}")
    requested = key_schema.attribute_types(definitions)
    key_schema.check_global_key(action["KeySchema"], requested)
    key_schema.checked_projection(action["Projection"])
    _check_units_of_new(draft, action)
    if len(draft.indexes) >= GLOBAL_INDEXES_MAX:
        raise LimitExceededException(
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of "
            f"{GLOBAL_INDEXES_MAX}"
        )
    check_quota(action, draft.region, name)
    for attribute in key_schema.key_names(action["KeySchema"]):
        draft.attribute_types.setdefault(attribute, requested[attribute])
    index = replace(global_index(action, draft.attribute_types, draft.billing_mode), number=number)
    check_projected((*draft.schema.local_indexes, *draft.indexes.values(), index))
    draft.indexes[name] = draft.created = index
    draft.shown_indexes[name] = {"IndexStatus": CREATING, "Backfilling": False}
    draft.status = UPDATING


def _check_units_of_new(draft: Draft, action: Mapping[str, Any]) -> None:
    name = action["IndexName"]
    if draft.billing_mode == ON_DEMAND and "ProvisionedThroughput" in action:
        raise invalid(
            f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {name} "
            "when BillingMode is PAY_PER_REQUEST"
        )
    if draft.billing_mode == PROVISIONED and "ProvisionedThroughput" not in action:
        raise invalid(f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {name}")
    check_index_limits(action, draft.billing_mode)


def _delete_index(draft: Draft, name: str) -> None:
    draft.removed = draft.indexes.pop(name)
    draft.shown["AttributeDefinitions"] = attribute_definitions(draft.attribute_types)
    draft.attribute_types = _still_used(draft)
    draft.status = UPDATING


def _still_used(draft: Draft) -> dict[str, str]:
    indexes: tuple[IndexSchema, ...] = (*draft.schema.local_indexes, *draft.indexes.values())
    used = {attribute.name for attribute in draft.schema.key}
    used.update(attribute.name for index in indexes for attribute in index.key)
    return {name: kind for name, kind in draft.attribute_types.items() if name in used}
