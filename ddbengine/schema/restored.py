"""What a table restored from a backup is: the keys, indexes, billing mode, throughput and encryption of its source,
as overridden by the request.  Streams, time to live, tags, policies, deletion protection, table class and
point-in-time recovery do not come back (FACTS 5.16).

| override | allowed |
| --- | --- |
| ProvisionedThroughputOverride | with a table that is PROVISIONED after the restore, and required to make it so |
| OnDemandThroughputOverride | with one that is PAY_PER_REQUEST after the restore |
| GlobalSecondaryIndexOverride, LocalSecondaryIndexOverride | indexes with keys and projection of one of the source, \
under any name; an empty list leaves all out |
| VectorIndexOverride | the same of vector indexes, equal to one of the source but for the name |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from ddbengine.errors import ValidationException
from ddbengine.schema.create import TableIdentity, throughput_settings
from ddbengine.schema.describe import described_projection, key_schema, vector_index_info
from ddbengine.schema.settings import check_encryption, encryption_description, wants_own_key
from ddbengine.schema.table import IndexSchema, TableSchema
from ddbengine.schema.throughput import ON_DEMAND, PROVISIONED, check_bounds
from ddbengine.schema.vector_indexes import check_billing

_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
_OVERRIDES = {"GlobalSecondaryIndexOverride": "global_indexes", "LocalSecondaryIndexOverride": "local_indexes"}


def check_overrides(source: TableSchema, request: Mapping[str, Any]) -> None:
    """Raise ValidationException for overrides that do not fit the source or one another."""
    mode = _billing_mode(source, request)
    _check_throughput(mode, request)
    for member, indexes in _OVERRIDES.items():
        for override in request.get(member, ()):
            _source_of(override, getattr(source, indexes))
    if mode == PROVISIONED and request.get("VectorIndexOverride", source.vector_indexes):
        check_billing(mode)
    for override in request.get("VectorIndexOverride", ()):
        _source_of_vector(override, source.vector_indexes)
    for override in request.get("GlobalSecondaryIndexOverride", ()):
        _check_index_throughput(mode, override)
    check_encryption(request.get("SSESpecificationOverride", {}))


def _check_throughput(mode: str, request: Mapping[str, Any]) -> None:
    is_switched = "BillingModeOverride" in request
    provisioned = request.get("ProvisionedThroughputOverride")
    if provisioned is not None and mode == ON_DEMAND:
        raise _refused(
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
            if is_switched
            else "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED"
        )
    if provisioned is None and mode == PROVISIONED and is_switched:
        raise _refused("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    if provisioned is not None:
        check_bounds(provisioned)
    for maximum, units in request.get("OnDemandThroughputOverride", {}).items():
        if mode == PROVISIONED:
            raise _refused(
                f"Cannot override {maximum} for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"
            )
        if units < 1:
            raise _refused(f"Requested {maximum} for OnDemandThroughput is outside of valid range")


def _check_index_throughput(mode: str, override: Mapping[str, Any]) -> None:
    name, provisioned = override["IndexName"], override.get("ProvisionedThroughput")
    if mode == ON_DEMAND and provisioned is not None:
        raise _refused(
            f"Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index {name}"
        )
    if mode == PROVISIONED and provisioned is None:
        raise _refused(f"Must specify provisioned throughput for index {name}")


def _refused(problem: str) -> ValidationException:
    return ValidationException(f"Invalid Request: {problem}")


def _billing_mode(source: TableSchema, request: Mapping[str, Any]) -> str:
    return str(request.get("BillingModeOverride", source.settings["BillingMode"]))


def restored_schema(
    source: TableSchema, request: Mapping[str, Any], identity: TableIdentity, first_number: int
) -> tuple[TableSchema, int]:
    """The schema of a table restored with checked overrides, and how many numbers it takes from the first on."""
    mode = _billing_mode(source, request)
    local = _indexes(source.local_indexes, request.get("LocalSecondaryIndexOverride"), mode)
    global_ = _indexes(source.global_indexes, request.get("GlobalSecondaryIndexOverride"), mode)
    vectors = _vector_indexes(source.vector_indexes, request.get("VectorIndexOverride"))
    numbers = count(first_number)
    used = {attribute.name for index in (*local, *global_) for attribute in index.key}
    used.update(attribute.name for attribute in source.key)
    used.update(attribute.name for index in vectors for attribute in (*index.key, *index.filters))
    schema = TableSchema(
        name=identity.name,
        number=next(numbers),
        namespace=identity.namespace,
        arn=identity.arn,
        id=identity.id,
        created=identity.created,
        partition=source.partition,
        sort=source.sort,
        attribute_types={name: kind for name, kind in source.attribute_types.items() if name in used},
        local_indexes=tuple(replace(index, number=next(numbers)) for index in local),
        global_indexes=tuple(replace(index, number=next(numbers)) for index in global_),
        vector_indexes=tuple(replace(index, number=next(numbers)) for index in vectors),
        settings=_settings(source, request, mode, identity),
    )
    return schema, next(numbers) - first_number


def _indexes(
    sources: Sequence[IndexSchema], overrides: Sequence[Mapping[str, Any]] | None, mode: str
) -> list[IndexSchema]:
    """Not numbered yet."""
    if overrides is None:
        return [replace(each, settings=_index_settings(each, {}, mode), is_filling=False) for each in sources]
    found = []
    for override in overrides:
        source = _source_of(override, sources)
        settings = _index_settings(source, override, mode)
        found.append(replace(source, name=override["IndexName"], settings=settings, is_filling=False))
    return found


def _source_of(override: Mapping[str, Any], sources: Sequence[IndexSchema]) -> IndexSchema:
    """The source's index with the same keys and projection."""
    for source in sources:
        keys = key_schema(source.partition, source.sort)
        if override["KeySchema"] == keys and _sorted(override["Projection"]) == described_projection(source.projection):
            return source
    raise _unmatched(override)


def _sorted(projection: Mapping[str, Any]) -> dict[str, Any]:
    """As it is described."""
    names = projection.get("NonKeyAttributes")
    return {**projection} if names is None else {**projection, "NonKeyAttributes": sorted(names)}


def _unmatched(override: Mapping[str, Any]) -> ValidationException:
    return _refused(
        f"Index {override['IndexName']} does not match a secondary index that existed in the source table "
        "and cannot be created during the restore operation"
    )


def _vector_indexes(sources: Sequence[IndexSchema], overrides: Sequence[Mapping[str, Any]] | None) -> list[IndexSchema]:
    """Not numbered yet."""
    if overrides is None:
        return [replace(each, is_filling=False) for each in sources]
    return [
        replace(_source_of_vector(override, sources), name=override["IndexName"], is_filling=False)
        for override in overrides
    ]


def _source_of_vector(override: Mapping[str, Any], sources: Sequence[IndexSchema]) -> IndexSchema:
    """The source's vector index that is the same but for its name."""
    for source in sources:
        info = vector_index_info(source) | {"IndexName": override["IndexName"]}
        if {**override, "Projection": _sorted(override["Projection"])} == info:
            return source
    raise _unmatched(override)


def _index_settings(source: IndexSchema, override: Mapping[str, Any], mode: str) -> dict[str, Any]:
    if not source.is_global:
        return {}
    return throughput_settings(_throughput(source.settings, override, mode), mode)


def _throughput(source: Mapping[str, Any], override: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """The throughput members of a request that would ask for what is to be."""
    if mode == ON_DEMAND:
        maxima = override.get("OnDemandThroughput", source.get("OnDemandThroughput"))
        return {} if maxima is None else {"OnDemandThroughput": maxima}
    recorded = {member: max(source["ProvisionedThroughput"][member], 1) for member in _UNITS}
    return {"ProvisionedThroughput": override.get("ProvisionedThroughput", recorded)}


def _settings(source: TableSchema, request: Mapping[str, Any], mode: str, identity: TableIdentity) -> dict[str, Any]:
    override = {
        member.removesuffix("Override"): request[member]
        for member in ("ProvisionedThroughputOverride", "OnDemandThroughputOverride")
        if member in request
    }
    settings: dict[str, Any] = {
        "BillingMode": mode,
        "DeletionProtectionEnabled": False,
        **throughput_settings(_throughput(source.settings, override, mode), mode),
    }
    if mode == ON_DEMAND:
        settings["LastUpdateToPayPerRequestDateTime"] = identity.created
    encryption = request.get("SSESpecificationOverride")
    if encryption is None and "SSEDescription" in source.settings:
        settings["SSEDescription"] = source.settings["SSEDescription"]
    elif encryption is not None and wants_own_key(encryption):
        settings["SSEDescription"] = encryption_description(encryption, identity.region, identity.account_id)
    return settings
