"""What UpdateTable answers to ReplicaUpdates, GlobalTableWitnessUpdates and MultiRegionConsistency (FACTS 5.10).

An engine is one region's: no table of it ever has a replica.  So what changes or removes replicas is refused as for a
table without any, and what would add one as for a region that the account has not enabled, which is how the service
itself says that a region is out of reach.

| update | refusal |
| --- | --- |
| beside other changes | ``Requests that modify replicas or witnesses must not also modify other fields`` |
| without an action | ``There are no actions specified in the Replica Update Action of the request.`` |
| of the table's own region | ``Cannot add or delete the local region through ReplicaUpdates. ...`` |
| Delete, Update | ``... one or more replicas were not part of the global table. ...`` |
| Create | ``Failed to access the region: ... since the region is disabled.`` |
| witnesses, consistency | without replicas they are nothing to do |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ddbengine.errors import ValidationException

REPLICAS = "ReplicaUpdates"
_KINDS = ("Create", "Update", "Delete")


def check_replica_request(request: Mapping[str, Any], others: Collection[str]) -> None:
    """Refuse what the request alone decides; ``others`` are the other changes it asks for."""
    updates = request[REPLICAS]
    if others:
        raise ValidationException("Requests that modify replicas or witnesses must not also modify other fields")
    for update in updates:
        given = [kind for kind in _KINDS if kind in update]
        if len(given) > 1:
            raise ValidationException("Update table operation with more than one type of replica actions not allowed.")
        if not given or (given == ["Update"] and update["Update"].keys() == {"RegionName"}):
            raise ValidationException("There are no actions specified in the Replica Update Action of the request.")
    consistency = request.get("MultiRegionConsistency")
    if request.get("GlobalTableWitnessUpdates") and consistency != "STRONG":
        raise ValidationException(
            "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."
        )


def refusal_of_replicas(updates: Sequence[Mapping[str, Any]], region: str) -> ValidationException:
    """Why the replicas of a table in a region cannot be changed so."""
    kind, action = next((kind, update[kind]) for update in updates for kind in _KINDS if kind in update)
    if action["RegionName"] == region:
        return ValidationException(
            "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or "
            "UpdateTable as required."
        )
    if kind != "Create":
        return ValidationException(
            "Update global table operation failed because one or more replicas were not part of the global table. "
            f"Please retry the request without these replicas: [{action['RegionName']}]."
        )
    return ValidationException(
        f"Failed to access the region: \u2018{action['RegionName']}\u2019. User is missing the permissions since the "
        "region is disabled."
    )
