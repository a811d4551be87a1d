"""UpdateTable: what the request alone decides, checked before any table is looked up.

UpdateTable makes one change per call.  What may stand beside what (observed on us-west-2, October 2026):

| member | may be combined with |
| --- | --- |
| SSESpecification, TableClass, DeletionProtectionEnabled, WarmThroughput | nothing; named in this order when several |
| OnDemandThroughput | BillingMode |
| StreamSpecification | BillingMode PAY_PER_REQUEST |
| ProvisionedThroughput | BillingMode, throughput updates of indexes |
| an index created or deleted | BillingMode PAY_PER_REQUEST, throughput updates of other indexes |

An empty WarmThroughput or OnDemandThroughput counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ddbengine.errors import ValidationException, enveloped
from ddbengine.schema import throughput
from ddbengine.schema.refusals import invalid
from ddbengine.schema.replica_updates import REPLICAS, check_replica_request
from ddbengine.schema.settings import check_encryption, check_stream_of_update
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED

CREATE, UPDATE, DELETE = "Create", "Update", "Delete"

_CHANGES = (
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "GlobalSecondaryIndexUpdates",
    "VectorIndexUpdates",
    "SSESpecification",
    "DeletionProtectionEnabled",
    "OnDemandThroughput",
    "WarmThroughput",
    "TableClass",
    "GlobalTableSettingsReplicationMode",
    "DisassociationProtectionEnabled",
)
_ALONE = {
    "SSESpecification": "Server-Side Encryption modification must be the only operation in the request",
    "TableClass": "TableClass modification must be the only operation in the request",
    "DeletionProtectionEnabled": "DeletionProtection modification must be the only operation in the request",
    "WarmThroughput": "WarmThroughput must be the only operation in the request",
}
_NOTHING_TO_DO = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)


def check_update(request: Mapping[str, Any]) -> None:
    """Refuse an UpdateTable request that no table could satisfy; raise ValidationException."""
    updates: Sequence[Mapping[str, Any]] = request.get("GlobalSecondaryIndexUpdates", ())
    _check_index_actions(updates)
    _check_vector_actions(request.get("VectorIndexUpdates", ()))
    changes = {member for member in _CHANGES if _is_given(request, member)}
    if request.get(REPLICAS):
        check_replica_request(request, changes)
        return
    if not changes:
        raise ValidationException(_NOTHING_TO_DO)
    for member in ("GlobalSecondaryIndexUpdates", "VectorIndexUpdates"):
        if request.get(member) == []:
            raise invalid(f"List of {member} is empty")
    _check_combination(request, changes)
    _check_billing(request)
    if "StreamSpecification" in request:
        check_stream_of_update(request["StreamSpecification"])
    check_encryption(request.get("SSESpecification", {}))
    if request.get("GlobalTableSettingsReplicationMode") == "ENABLED_WITH_OVERRIDES":
        raise enveloped(
            ValidationException(
                "Value 'ENABLED_WITH_OVERRIDES' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: "
                "Only ENABLED and DISABLED settings replication are supported for a Regional Table."
            )
        )


def _is_given(request: Mapping[str, Any], member: str) -> bool:
    value = request.get(member)
    return value not in ([], {}) if member != "SSESpecification" and value is not None else value is not None


def index_action(update: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Which of Create, Update and Delete an element of GlobalSecondaryIndexUpdates or VectorIndexUpdates is, and its
    members."""
    kind = next(kind for kind in (UPDATE, CREATE, DELETE) if kind in update)
    return kind, update[kind]


class IndexAction(NamedTuple):
    """One change of an index that a request asks for."""

    kind: str
    """CREATE, UPDATE or DELETE."""
    members: Mapping[str, Any]
    is_vector: bool

    @property
    def name(self) -> str:
        return str(self.members["IndexName"])


def index_actions(request: Mapping[str, Any]) -> list[IndexAction]:
    """The changes of global indexes, then those of vector indexes."""
    secondary = [IndexAction(*index_action(update), False) for update in request.get("GlobalSecondaryIndexUpdates", ())]
    return secondary + [IndexAction(*index_action(update), True) for update in request.get("VectorIndexUpdates", ())]


def _check_vector_actions(updates: Sequence[Mapping[str, Any]]) -> None:
    names: set[str] = set()
    for update in updates:
        if not update:
            raise invalid("One of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must not be null")
        if len(update) > 1:
            raise invalid("Only one vector index action is allowed per VectorIndexUpdate object")
        name = index_action(update)[1]["IndexName"]
        if name in names:
            raise invalid(f"Only one vector index update per index is allowed simultaneously. Index: {name}")
        names.add(name)


def _check_index_actions(updates: Sequence[Mapping[str, Any]]) -> None:
    names: set[str] = set()
    for update in updates:
        kinds = [kind for kind in (UPDATE, CREATE, DELETE) if kind in update]
        if not kinds:
            raise invalid(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(kinds) > 1:
            raise invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
        kind, action = index_action(update)
        name = action["IndexName"]
        if name in names:
            raise invalid(f"Only one global secondary index update per index is allowed simultaneously. Index: {name}")
        names.add(name)
        if kind == UPDATE and action.get("WarmThroughput") == {}:
            raise invalid(
                "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond "
                f"specified for index: {name}"
            )
        if "ProvisionedThroughput" in action:
            throughput.check_bounds(action["ProvisionedThroughput"])


def _check_combination(request: Mapping[str, Any], changes: set[str]) -> None:
    kinds = {action.kind for action in index_actions(request)}
    index_set_changes = bool(kinds & {CREATE, DELETE})
    if "WarmThroughput" in changes and any(
        CREATE in update for update in request.get("GlobalSecondaryIndexUpdates", ())
    ):
        raise invalid("Create global secondary index cannot be specified when updating WarmThroughput")
    for member, refusal in _ALONE.items():
        if member in changes and len(changes) > 1:
            raise invalid(refusal)
    if "OnDemandThroughput" in changes and not changes <= {"OnDemandThroughput", "BillingMode"}:
        raise invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    sets_units = "ProvisionedThroughput" in changes or request.get("BillingMode") == PROVISIONED
    if "StreamSpecification" in changes and sets_units:
        raise invalid("You cannot modify stream status while updating table IOPS")
    if index_set_changes and sets_units:
        raise invalid("You cannot create or delete index while updating table IOPS")
    if index_set_changes and "StreamSpecification" in changes:
        raise invalid("You cannot create or delete index while changing stream status")


def _check_billing(request: Mapping[str, Any]) -> None:
    billing_mode, provisioned = request.get("BillingMode"), request.get("ProvisionedThroughput")
    if provisioned is not None:
        throughput.check_bounds(provisioned)
        if billing_mode == ON_DEMAND:
            raise invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST")
    elif billing_mode == PROVISIONED:
        raise invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def provisioned_on_demand() -> ValidationException:
    """What units are answered with by a table that is on demand and is to stay so."""
    return invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    )
