"""UpdateTable's index actions: global and vector indexes created, changed and deleted on a table that exists (FACTS
5.10, 5.15).

One index at a time may be created or deleted.  AttributeDefinitions of the request serve only an index being created:
what its key uses is added to the table's, a type already stored stays, and the rest is ignored.  Deleting an index
takes along the definitions that no other key uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ddbengine.errors import LimitExceededException, ResourceNotFoundException, ValidationException
from ddbengine.limits import GLOBAL_INDEXES_MAX, ONLINE_INDEX_CHANGES_MAX, VECTOR_INDEXES_MAX
from ddbengine.schema import key_schema, throughput
from ddbengine.schema.create import check_index_limits, check_projected, global_index
from ddbengine.schema.describe import attribute_definitions
from ddbengine.schema.quotas import check_decrease, check_quota
from ddbengine.schema.refusals import invalid
from ddbengine.schema.table import IndexSchema
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED
from ddbengine.schema.transition import CREATING, UPDATING, Transition
from ddbengine.schema.update import Draft, changed_units, check_units_change, units_under_way
from ddbengine.schema.update_request import CREATE, DELETE, UPDATE, IndexAction, index_actions
from ddbengine.schema.vector_indexes import check_billing as check_vector_billing
from ddbengine.schema.vector_indexes import check_dimensions, check_not_a_key, vector_index

ONLINE_LIMIT = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"


def apply_index_actions(
    draft: Draft, request: Mapping[str, Any], running: Transition | None, next_number: int, switched: bool
) -> None:
    """The index actions of a checked request; ``switched`` when the same request changed the billing mode.

    ``next_number`` becomes the number of an index being created.
    """
    actions = index_actions(request)
    for action in actions:
        if action.kind != CREATE:
            _check_exists(draft, action)
    online = [action for action in actions if action.kind != UPDATE]
    if len(online) > ONLINE_INDEX_CHANGES_MAX:
        raise LimitExceededException(ONLINE_LIMIT)
    for action in online:
        _check_alone(draft, action, running)
    for action in actions:
        if action.kind == UPDATE:
            _change_index(draft, action.members, switched)
        elif action.kind == DELETE:
            _delete_index(draft, action)
        elif action.is_vector:
            _create_vector_index(draft, action.members, request.get("AttributeDefinitions", ()), next_number)
        else:
            _create_index(draft, action.members, request.get("AttributeDefinitions", ()), next_number)


def _check_alone(draft: Draft, action: IndexAction, running: Transition | None) -> None:
    """One index at a time is created or deleted; the one that is being filled may be deleted."""
    filling = [index.name for index in draft.following_indexes if index.is_filling]
    stops = action.kind == DELETE and (filling == [action.name] or (running is not None and running.fills(action.name)))
    if not stops and (filling or (running is not None and running.changes_index_set())):
        raise LimitExceededException(ONLINE_LIMIT)


def _check_exists(draft: Draft, action: IndexAction) -> None:
    name = action.name
    if name in (draft.vector_indexes if action.is_vector else draft.indexes):
        return
    if draft.schema.index(name) is not None and not action.is_vector:
        verb = "delete" if action.kind == DELETE else "update"
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
    _check_name_is_free(draft, name)
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
    check_projected((*draft.schema.local_indexes, *draft.following_indexes, index))
    draft.indexes[name] = index
    _show_created(draft, index)


def _check_name_is_free(draft: Draft, name: str) -> None:
    if any(index.name == name for index in draft.schema.all_indexes):
        raise ValidationException("Attempting to create an index which already exists")


def _show_created(draft: Draft, index: IndexSchema) -> None:
    draft.created = index
    draft.shown_indexes[index.name] = {"IndexStatus": CREATING, "Backfilling": False}
    draft.status = UPDATING


def _create_vector_index(
    draft: Draft, action: Mapping[str, Any], definitions: Sequence[Mapping[str, str]], number: int
) -> None:
    """The definitions of the search schema have to be in the request, even those that the table has (FACTS 5.15)."""
    _check_name_is_free(draft, action["IndexName"])
    check_vector_billing(draft.billing_mode)
    requested = key_schema.attribute_types(definitions)
    types = {name: draft.attribute_types.get(name, kind) for name, kind in requested.items()}
    index = replace(vector_index(action, types), number=number)
    check_not_a_key(draft.schema, index)
    check_dimensions((*draft.vector_indexes.values(), index))
    if len(draft.vector_indexes) >= VECTOR_INDEXES_MAX:
        raise LimitExceededException(
            "Subscriber limit exceeded: Number of vector secondary indexes exceeds per-table limit of "
            f"{VECTOR_INDEXES_MAX}"
        )
    check_projected((*draft.schema.local_indexes, *draft.following_indexes, index))
    for attribute in index.partition + index.filters:
        draft.attribute_types.setdefault(attribute.name, attribute.type)
    draft.vector_indexes[index.name] = index
    _show_created(draft, index)


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


def _delete_index(draft: Draft, action: IndexAction) -> None:
    draft.removed = (draft.vector_indexes if action.is_vector else draft.indexes).pop(action.name)
    draft.shown["AttributeDefinitions"] = attribute_definitions(draft.attribute_types)
    draft.attribute_types = _still_used(draft)
    draft.status = UPDATING


def _still_used(draft: Draft) -> dict[str, str]:
    indexes: tuple[IndexSchema, ...] = (*draft.schema.local_indexes, *draft.following_indexes)
    used = {attribute.name for attribute in draft.schema.key}
    used.update(attribute.name for index in indexes for attribute in index.key + index.filters)
    return {name: kind for name, kind in draft.attribute_types.items() if name in used}
