"""CreateTable: from a checked request to a table definition, in the order of FACTS 5.9.

A definition is everything of a schema that the request alone decides; numbers, namespace and ARN come from the catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from ddbengine.errors import ValidationException, enveloped
from ddbengine.limits import GLOBAL_INDEXES_MAX, LOCAL_INDEXES_MAX, PROJECTED_ATTRIBUTES_MAX_PER_TABLE
from ddbengine.schema import key_schema, throughput
from ddbengine.schema.policies import kept_policy
from ddbengine.schema.quotas import check_quota
from ddbengine.schema.refusals import invalid, listed
from ddbengine.schema.settings import (
    check_encryption,
    checked_stream_of_new,
    encryption_description,
    stream_label,
    wants_own_key,
)
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.tag_set import checked_tags
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED
from ddbengine.schema.vector_indexes import search_names, vector_indexes

_UNNUMBERED = 0
_USED_ROOM = 16
"""Names the service's set of the keys used is made for."""


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What a table is given besides its definition."""

    name: str
    namespace: str
    arn: str
    id: str
    region: str
    account_id: str
    created: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A checked CreateTable request."""

    request: Mapping[str, Any]
    billing_mode: str
    attribute_types: dict[str, str]
    local_indexes: tuple[IndexSchema, ...]
    """Not numbered yet."""
    global_indexes: tuple[IndexSchema, ...]
    """Not numbered yet."""
    vector_indexes: tuple[IndexSchema, ...]
    """Not numbered yet."""
    stream: dict[str, Any] | None
    policy: str | None
    """In its kept form."""
    tags: dict[str, str]

    def numbers_needed(self) -> int:
        """How many numbers the table and its indexes take."""
        return 1 + len(self.local_indexes) + len(self.global_indexes) + len(self.vector_indexes)

    def schema(self, identity: TableIdentity, first_number: int) -> TableSchema:
        """The schema of a table of this definition; it takes ``numbers_needed()`` numbers from the first on.

        Raise LimitExceededException where throughput is above the account's quotas.
        """
        check_quota(self.request, identity.region)
        for index in self.request.get("GlobalSecondaryIndexes", ()):
            check_quota(index, identity.region, index["IndexName"])
        numbers = count(first_number)
        elements = self.request["KeySchema"]
        sort = key_schema.attributes_of(elements, "RANGE", self.attribute_types)
        return TableSchema(
            name=identity.name,
            number=next(numbers),
            namespace=identity.namespace,
            arn=identity.arn,
            id=identity.id,
            created=identity.created,
            partition=key_schema.attributes_of(elements, "HASH", self.attribute_types)[0],
            sort=sort[0] if sort else None,
            attribute_types=self.attribute_types,
            local_indexes=_numbered(self.local_indexes, numbers),
            global_indexes=_numbered(self.global_indexes, numbers),
            vector_indexes=_numbered(self.vector_indexes, numbers),
            settings=self._settings(identity),
            tags=self.tags,
        )

    def _settings(self, identity: TableIdentity) -> dict[str, Any]:
        request = self.request
        settings: dict[str, Any] = {
            "BillingMode": self.billing_mode,
            "DeletionProtectionEnabled": request.get("DeletionProtectionEnabled", False),
            **throughput_settings(request, self.billing_mode),
        }
        if self.billing_mode == ON_DEMAND:
            settings["LastUpdateToPayPerRequestDateTime"] = identity.created
        if self.stream is not None:
            settings["StreamSpecification"] = self.stream
            settings["LatestStreamLabel"] = stream_label(identity.created)
        if wants_own_key(request.get("SSESpecification", {})):
            settings["SSEDescription"] = encryption_description(
                request["SSESpecification"], identity.region, identity.account_id
            )
        if "TableClass" in request:
            settings["TableClassSummary"] = {"TableClass": request["TableClass"]}
        if "GlobalTableSettingsReplicationMode" in request:
            settings["GlobalTableSettingsReplicationMode"] = request["GlobalTableSettingsReplicationMode"]
        if self.policy is not None:
            settings["ResourcePolicies"] = {
                "": {"Policy": self.policy, "RevisionId": str(int(identity.created * 1000))}
            }
        return settings


def table_definition(request: Mapping[str, Any]) -> TableDefinition:
    """Check a CreateTable request; raise ValidationException for the first thing wrong with it."""
    _check_members(request)
    billing_mode = request.get("BillingMode", PROVISIONED)
    _check_billing(request, billing_mode)
    types = key_schema.attribute_types(request["AttributeDefinitions"])
    key_schema.check_table_key(request["KeySchema"], types)
    vector = vector_indexes(request, types, billing_mode)
    _check_all_used(request, types)
    taken: set[str] = set()
    local = _local_indexes(request, types, taken)
    global_ = _global_indexes(request, types, billing_mode, taken)
    for index in vector:
        _take_name(index.name, taken)
    check_projected(local + global_ + vector)
    stream = checked_stream_of_new(request["StreamSpecification"]) if "StreamSpecification" in request else None
    check_encryption(request.get("SSESpecification", {}))
    policy = kept_policy(request["ResourcePolicy"]) if "ResourcePolicy" in request else None
    tags = checked_tags(request.get("Tags", ()))
    return TableDefinition(request, billing_mode, types, local, global_, vector, stream, policy, tags)


def _check_members(request: Mapping[str, Any]) -> None:
    """What the model of the newest SDKs leaves open but the service demands, and what is not built here."""
    for member, path in (("AttributeDefinitions", "attributeDefinitions"), ("KeySchema", "keySchema")):
        if member not in request:
            raise enveloped(
                ValidationException(f"Value null at '{path}' failed to satisfy constraint: Member must not be null")
            )
    key_schema.check_length(request["KeySchema"], "keySchema")
    for position, index in enumerate(request.get("LocalSecondaryIndexes", ()), 1):
        key_schema.check_length(index["KeySchema"], f"localSecondaryIndexes.{position}.member.keySchema")
    if "GlobalTableSourceArn" in request:
        raise invalid("GlobalTableSourceArn is not supported yet")


def _check_billing(request: Mapping[str, Any], billing_mode: str) -> None:
    provisioned = request.get("ProvisionedThroughput")
    if billing_mode == ON_DEMAND:
        if provisioned is not None:
            raise invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
    elif provisioned is None:
        raise invalid("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
    else:
        throughput.check_bounds(provisioned)
    throughput.check_maxima_of_new(request.get("OnDemandThroughput", {}), billing_mode)
    throughput.check_warm_of_new(request.get("WarmThroughput", {}), billing_mode, provisioned)


def _check_all_used(request: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """No definition is left that no key uses (FACTS 5.9 row 8); before everything else about indexes."""
    if [] in (request.get("LocalSecondaryIndexes"), request.get("GlobalSecondaryIndexes")):
        return
    indexes = [*request.get("LocalSecondaryIndexes", ()), *request.get("GlobalSecondaryIndexes", ())]
    used = dict.fromkeys(key_schema.key_names(request["KeySchema"]))
    for index in indexes:
        used.update(dict.fromkeys(key_schema.key_names(index["KeySchema"])))
    vectors = request.get("VectorIndexes", ())
    for index in vectors:
        used.update(dict.fromkeys(search_names(index)))
    if all(name in used for name in types):
        return
    if indexes or vectors:
        raise invalid(
            "Some AttributeDefinitions are not used. "
            f"AttributeDefinitions: [{listed(types, len(types))}], keys used: [{listed(used, _USED_ROOM)}]"
        )
    raise invalid(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
    )


def _local_indexes(request: Mapping[str, Any], types: Mapping[str, str], taken: set[str]) -> tuple[IndexSchema, ...]:
    requested: Sequence[Mapping[str, Any]] | None = request.get("LocalSecondaryIndexes")
    if requested is None:
        return ()
    if not requested:
        raise invalid("List of LocalSecondaryIndexes is empty")
    if len(request["KeySchema"]) < 2:
        raise invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    table_hash = request["KeySchema"][0]["AttributeName"]
    indexes = tuple(_local_index(index, table_hash, types, taken) for index in requested)
    if len(indexes) > LOCAL_INDEXES_MAX:
        raise invalid(f"Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}")
    return indexes


def _local_index(request: Mapping[str, Any], table_hash: str, types: Mapping[str, str], taken: set[str]) -> IndexSchema:
    name, elements = request["IndexName"], request["KeySchema"]
    key_schema.check_local_key(elements, types)
    if len(elements) < 2:
        raise invalid(f"Index KeySchema does not have a range key for index: {name}")
    index_hash = elements[0]["AttributeName"]
    if index_hash != table_hash:
        raise invalid(
            f"Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. "
            f"index hash key: {index_hash}, table hash key: {table_hash}"
        )
    projection = key_schema.checked_projection(request["Projection"])
    _take_name(name, taken)
    return IndexSchema(
        name=name,
        number=_UNNUMBERED,
        is_global=False,
        partition=key_schema.attributes_of(elements, "HASH", types),
        sort=key_schema.attributes_of(elements, "RANGE", types),
        projection=projection,
    )


def _global_indexes(
    request: Mapping[str, Any], types: Mapping[str, str], billing_mode: str, taken: set[str]
) -> tuple[IndexSchema, ...]:
    requested: Sequence[Mapping[str, Any]] | None = request.get("GlobalSecondaryIndexes")
    if requested is None:
        return ()
    if not requested:
        raise invalid("List of GlobalSecondaryIndexes is empty")
    indexes = []
    for index in requested:
        key_schema.check_global_key(index["KeySchema"], types)
        key_schema.checked_projection(index["Projection"])
        _check_index_throughput(index, billing_mode)
        _take_name(index["IndexName"], taken)
        indexes.append(global_index(index, types, billing_mode))
    if len(indexes) > GLOBAL_INDEXES_MAX:
        raise invalid(f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}")
    return tuple(indexes)


def _check_index_throughput(request: Mapping[str, Any], billing_mode: str) -> None:
    name, provisioned = request["IndexName"], request.get("ProvisionedThroughput")
    if billing_mode == ON_DEMAND and provisioned is not None:
        raise invalid(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if billing_mode == PROVISIONED:
        if provisioned is None:
            raise invalid(f"ProvisionedThroughput is not specified for index: {name}")
        throughput.check_bounds(provisioned)
    check_index_limits(request, billing_mode)


def check_index_limits(request: Mapping[str, Any], billing_mode: str) -> None:
    """On-demand maxima and warm throughput of an index being created, with its table or later."""
    name = request["IndexName"]
    throughput.check_maxima_of_new(request.get("OnDemandThroughput", {}), billing_mode, name)
    throughput.check_warm_of_new(
        request.get("WarmThroughput", {}), billing_mode, request.get("ProvisionedThroughput"), name
    )


def global_index(request: Mapping[str, Any], types: Mapping[str, str], billing_mode: str) -> IndexSchema:
    """The index a checked member of GlobalSecondaryIndexes (or a Create action) asks for, not numbered yet."""
    return IndexSchema(
        name=request["IndexName"],
        number=_UNNUMBERED,
        is_global=True,
        partition=key_schema.attributes_of(request["KeySchema"], "HASH", types),
        sort=key_schema.attributes_of(request["KeySchema"], "RANGE", types),
        projection=key_schema.checked_projection(request["Projection"]),
        settings=throughput_settings(request, billing_mode),
    )


def throughput_settings(request: Mapping[str, Any], billing_mode: str) -> dict[str, Any]:
    """The throughput settings of a new table or global index."""
    units = request.get("ProvisionedThroughput", {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0})
    warm = request.get("WarmThroughput", {})
    settings: dict[str, Any] = {
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **units},
        "WarmThroughput": throughput.raised_warm(warm, billing_mode, units),
    }
    if request.get("OnDemandThroughput"):
        settings["OnDemandThroughput"] = request["OnDemandThroughput"]
    return settings


def _take_name(name: str, taken: set[str]) -> None:
    if name in taken:
        raise invalid(f"Duplicate index name: {name}")
    taken.add(name)


def check_projected(indexes: Sequence[IndexSchema]) -> None:
    """Refuse more projected attributes than the indexes of a table may name together; repeats count."""
    named = sum(len(index.projection.non_key_attributes) for index in indexes)
    # The vector and each filter count as attributes that are projected.
    named += sum(1 + len(index.filters) for index in indexes if index.vector is not None)
    if named > PROJECTED_ATTRIBUTES_MAX_PER_TABLE:
        raise invalid(f"Number of NonKeyAttributes exceeds the per-table limit of {PROJECTED_ATTRIBUTES_MAX_PER_TABLE}")


def _numbered(indexes: Sequence[IndexSchema], numbers: Iterator[int]) -> tuple[IndexSchema, ...]:
    return tuple(replace(index, number=next(numbers)) for index in indexes)
