"""A table's settings beside its keys and throughput: stream, encryption, table class, policies and more.

``TableSchema.settings`` holds, each only when it has a value:

| member | what |
| --- | --- |
| BillingMode | PROVISIONED or PAY_PER_REQUEST; always there |
| LastUpdateToPayPerRequestDateTime | once the table was ever on demand |
| ProvisionedThroughput | always there, see below |
| OnDemandThroughput | the maxima that are set |
| WarmThroughput | ReadUnitsPerSecond and WriteUnitsPerSecond; always there |
| StreamSpecification | while a stream is on |
| LatestStreamLabel | once a stream was ever on |
| PartitionCuts | the partition hashes at which partitions but the first begin, if there are several |
| SSEDescription | when the key is not the service's own |
| TableClassSummary | when the creation named a class, or it was ever changed |
| DeletionProtectionEnabled | always there |
| GlobalTableSettingsReplicationMode, DisassociationProtectionEnabled | as set |
| ResourcePolicies | by stream label, empty for the table's own: Policy and RevisionId, only the latter once deleted |
| ContributorInsights | by number of the table or global index, once it was ever changed: engine.contributor_insights |
| KinesisDestinations | a list, see engine.kinesis_destinations |
| PointInTimeRecovery | while it is on: Since when, RecoveryPeriodInDays |
| Copies | the numbers of backups that are being made of the table, while there are any |
| TimeToLive | while it is on: AttributeName, and the Number of its expiry entries |
| Transition | see schema.transition |

ProvisionedThroughput: ReadCapacityUnits and WriteCapacityUnits (0 on demand), LastIncreaseDateTime and
LastDecreaseDateTime once they are known, and NumberOfDecreasesToday as it stood on the day of the last decrease.
Times are seconds since the epoch.  A global index's settings hold ProvisionedThroughput, OnDemandThroughput and
WarmThroughput in the same form.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ddbengine.schema.arns import ARN_START
from ddbengine.schema.refusals import invalid

_KEY_NAMESPACE = uuid.UUID("7f1a3a0e-52a4-5f0b-9a3d-6f0c6ad3a1c5")
"""Names made-up KMS key ids, so that an alias always stands for the same key."""
_AWS_MANAGED_KEY = "alias/aws/dynamodb"


def checked_stream_of_new(specification: Mapping[str, Any]) -> dict[str, Any] | None:
    """StreamSpecification of CreateTable: the stream to start, None for none (FACTS 5.9)."""
    view_type = specification.get("StreamViewType")
    if specification["StreamEnabled"]:
        if view_type is None:
            raise invalid("Table is being created with a stream enabled, UpdateViewType is required")
        return {"StreamEnabled": True, "StreamViewType": view_type}
    if view_type is not None:
        raise invalid("Table is being created with a stream disabled, UpdateViewType should not be specified")
    return None


def check_stream_of_update(specification: Mapping[str, Any]) -> None:
    """StreamSpecification of UpdateTable."""
    view_type = specification.get("StreamViewType")
    if specification["StreamEnabled"] and view_type is None:
        raise invalid("If stream is being enabled then UpdateViewType is required")
    if not specification["StreamEnabled"] and view_type is not None:
        raise invalid("If stream is being disabled, then UpdateViewType must not be specified")


def stream_label(now: float) -> str:
    """The name of a stream: the time it was enabled, to the millisecond."""
    return datetime.fromtimestamp(now, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def check_encryption(specification: Mapping[str, Any]) -> None:
    """SSESpecification of CreateTable and UpdateTable."""
    kind, key = specification.get("SSEType"), specification.get("KMSMasterKeyId")
    if specification.get("Enabled") is False:
        if kind is not None:
            raise invalid("SSEType can not be specified if Enabled is false")
        if key is not None:
            raise invalid("KMSMasterKeyId can not be specified if Enabled is false")
    if kind == "AES256":
        raise invalid("SSEType AES256 is not supported")
    if key is not None and kind != "KMS":
        raise invalid("SSEType KMS is required if KMSMasterKeyId is specified")


def wants_own_key(specification: Mapping[str, Any]) -> bool:
    """Whether a checked SSESpecification asks for a KMS key instead of the service's own."""
    return bool(specification.get("Enabled")) or specification.get("SSEType") == "KMS"


def encryption_description(specification: Mapping[str, Any], region: str, account_id: str) -> dict[str, Any]:
    """SSEDescription of a table encrypted as asked.  There is no KMS here: an alias stands for a made-up key."""
    key = specification.get("KMSMasterKeyId", _AWS_MANAGED_KEY)
    return {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": _key_arn(key, region, account_id)}


def _key_arn(key: str, region: str, account_id: str) -> str:
    if key.startswith(ARN_START) and ":alias/" not in key:
        return key
    alias = key.rpartition(":")[2]
    identity = uuid.uuid5(_KEY_NAMESPACE, f"{region}/{account_id}/{alias}") if alias.startswith("alias/") else key
    return f"arn:aws:kms:{region}:{account_id}:key/{identity}"
