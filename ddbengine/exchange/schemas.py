"""Schema files: which tables to create, as CreateTable requests.

| file | recognised by |
| --- | --- |
| answer of DescribeTable, CreateTable and their like | ``Table`` or ``TableDescription``, or its content |
| CreateTable request | ``KeySchema`` without what only a description has |
| CloudFormation or SAM template, JSON or YAML | ``Resources`` |
| list of descriptions and requests | a JSON or YAML list |

Requests are not checked here: the engine says what is wrong with them, in the service's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddbengine.exchange.cloudformation import table_resources
from ddbengine.exchange.documents import SchemaFileError, read_document
from ddbengine.exchange.intrinsics import UnknownValue

__all__ = ["SchemaFileError", "TableToCreate", "read_tables", "request_of_description", "table_definitions"]

_ANSWERS = ("Table", "TableDescription")
_INDEX_MEMBERS = ("IndexName", "KeySchema", "Projection")
_VECTOR_INDEX_MEMBERS = (
    "IndexName",
    "VectorAttribute",
    "Dimensions",
    "DistanceFunction",
    "Projection",
    "SearchSchema",
)
_MARKS_OF_DESCRIPTION = frozenset({"TableStatus", "TableArn", "CreationDateTime", "ItemCount"})
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
_MAXIMA = ("MaxReadRequestUnits", "MaxWriteRequestUnits")


@dataclass(frozen=True, slots=True)
class TableToCreate:
    request: dict[str, Any]
    """Of CreateTable."""
    expiry_attribute: str | None = None
    """For UpdateTimeToLive, which is a request of its own; None where items do not expire."""


def table_definitions(path: Path, parameters: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The CreateTable requests of a schema file, in its order; see ``read_tables``."""
    return [table.request for table in read_tables(path, parameters)]


def read_tables(path: Path, parameters: Mapping[str, str] | None = None) -> list[TableToCreate]:
    """The tables of a schema file, at least one, in its order.

    ``parameters`` are values for the parameters of a template, before their defaults.  Raise SchemaFileError when the
    file cannot be read, names no table, or names one twice.
    """
    document = read_document(path)
    try:
        tables = list(_tables_of(document, parameters or {}))
    except UnknownValue as error:
        raise SchemaFileError(path, str(error)) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise SchemaFileError(path, f"has a table that is not as it should be: {error!r}") from error
    if not tables:
        raise SchemaFileError(path, "names no table")
    names = [table.request["TableName"] for table in tables]
    for name in names:
        if not isinstance(name, str):
            raise SchemaFileError(path, f"has a table whose name is no text: {name!r}")
        if names.count(name) > 1:
            raise SchemaFileError(path, f"names table {name!r} twice")
    return tables


def _tables_of(document: Any, parameters: Mapping[str, str]) -> Iterator[TableToCreate]:
    if isinstance(document, list):
        for element in document:
            yield from _tables_of(element, parameters)
        return
    if not isinstance(document, dict):
        raise UnknownValue("is neither a template, nor a table's description or CreateTable request")
    if isinstance(document.get("Resources"), dict):
        for request, expiry_attribute in table_resources(document, parameters):
            yield TableToCreate(request, expiry_attribute)
        return
    description = next((document[name] for name in _ANSWERS if isinstance(document.get(name), dict)), document)
    if "TableName" not in description or "KeySchema" not in description:
        raise UnknownValue("is neither a template, nor a table's description or CreateTable request")
    if description is document and not _MARKS_OF_DESCRIPTION & description.keys():
        yield TableToCreate(description)
    else:
        yield TableToCreate(request_of_description(description), _expiry_attribute(document))


def request_of_description(description: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateTable request of a table like the one that DescribeTable shows.

    Left out is what belongs to the account and not to the table's data: encryption, replicas, tags and warm throughput.
    """
    billing_mode = _billing_mode(description)
    request: dict[str, Any] = {
        "TableName": description["TableName"],
        "AttributeDefinitions": description["AttributeDefinitions"],
        "KeySchema": description["KeySchema"],
        "BillingMode": billing_mode,
        **_throughput(description, billing_mode),
    }
    for member in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        if description.get(member):
            request[member] = [_index(index, billing_mode) for index in description[member]]
    if description.get("VectorIndexes"):
        request["VectorIndexes"] = [_vector_index(index) for index in description["VectorIndexes"]]
    stream = description.get("StreamSpecification")
    if stream is not None and stream.get("StreamEnabled"):
        request["StreamSpecification"] = dict(stream)
    table_class = description.get("TableClassSummary", {}).get("TableClass")
    if table_class is not None:
        request["TableClass"] = table_class
    if description.get("DeletionProtectionEnabled"):
        request["DeletionProtectionEnabled"] = True
    return request


def _billing_mode(description: Mapping[str, Any]) -> str:
    mode = description.get("BillingModeSummary", {}).get("BillingMode")
    if mode is not None:
        return str(mode)
    units = description.get("ProvisionedThroughput", {})
    return "PROVISIONED" if units.get("ReadCapacityUnits") else "PAY_PER_REQUEST"


def _throughput(description: Mapping[str, Any], billing_mode: str) -> dict[str, Any]:
    if billing_mode == "PROVISIONED":
        units = description.get("ProvisionedThroughput")
        return {} if units is None else {"ProvisionedThroughput": {name: units[name] for name in _UNITS}}
    maxima = description.get("OnDemandThroughput", {})
    limited = {name: maxima[name] for name in _MAXIMA if maxima.get(name, -1) != -1}
    return {"OnDemandThroughput": limited} if limited else {}


def _index(description: Mapping[str, Any], billing_mode: str) -> dict[str, Any]:
    index = {name: description[name] for name in _INDEX_MEMBERS}
    if "IndexStatus" in description:  # global: a local index has neither status nor throughput
        index |= _throughput(description, billing_mode)
    return index


def _vector_index(description: Mapping[str, Any]) -> dict[str, Any]:
    return {name: description[name] for name in _VECTOR_INDEX_MEMBERS if name in description}


def _expiry_attribute(document: Mapping[str, Any]) -> str | None:
    """From the answer of DescribeTimeToLive, where a file has both in one."""
    setting = document.get("TimeToLiveDescription", {})
    return setting.get("AttributeName") if setting.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") else None
