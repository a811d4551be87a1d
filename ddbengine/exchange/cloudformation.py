"""Tables of a CloudFormation or SAM template: AWS::DynamoDB::Table, GlobalTable and AWS::Serverless::SimpleTable.

Only the members that decide how a table answers are read; encryption, backups, tags and their like may refer to things
that do not exist here.  A table without TableName has its logical id for a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ddbengine.exchange.intrinsics import NO_VALUE, Template, UnknownValue

__all__ = ["TableResource", "table_resources"]

TableResource = tuple[dict[str, Any], str | None]
"""A CreateTable request, and the attribute that says when items expire."""

_COPIED = ("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")
_INDEX_MEMBERS = ("IndexName", "KeySchema", "Projection")
_SIMPLE_KEY_TYPES = {"String": "S", "Number": "N", "Binary": "B"}


def table_resources(document: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[TableResource]:
    """The tables of a template, in its order; raise UnknownValue, whose message names the resource."""
    template = Template(document, given)
    for logical_id, resource in document["Resources"].items():
        if not isinstance(resource, dict) or resource.get("Type") not in _READERS:
            continue
        try:
            if "Condition" not in resource or template.condition(resource["Condition"]):
                yield _READERS[resource["Type"]](logical_id, resource.get("Properties") or {}, template)
        except UnknownValue as error:
            raise UnknownValue(f"resource {logical_id}: {error}") from error


def _member(properties: Mapping[str, Any], name: str, template: Template) -> Any:
    """A property with its functions worked out, None when it is not there."""
    try:
        value = template.value(properties.get(name))
    except UnknownValue as error:
        raise UnknownValue(f"{name}: {error}") from error
    return None if value is NO_VALUE else value


def _table(logical_id: str, properties: Mapping[str, Any], template: Template) -> TableResource:
    request = _common(logical_id, properties, template)
    throughput = _member(properties, "ProvisionedThroughput", template)
    if throughput is not None and request["BillingMode"] == "PROVISIONED":
        request["ProvisionedThroughput"] = _throughput(throughput)
    _add_global_indexes(request, properties, template)
    table_class = _member(properties, "TableClass", template)
    if table_class is not None:
        request["TableClass"] = table_class
    protected = _member(properties, "DeletionProtectionEnabled", template)
    if protected is not None:
        request["DeletionProtectionEnabled"] = _boolean(protected)
    return request, _expiry_attribute(properties, template)


def _global_table(logical_id: str, properties: Mapping[str, Any], template: Template) -> TableResource:
    """One region's table.  Its throughput scales with use, so that here it is on demand."""
    request = _common(logical_id, properties, template)
    request["BillingMode"] = "PAY_PER_REQUEST"
    _add_global_indexes(request, properties, template)
    return request, _expiry_attribute(properties, template)


def _simple_table(logical_id: str, properties: Mapping[str, Any], template: Template) -> TableResource:
    """A table of SAM: a partition key, by default a text called id."""
    key = _member(properties, "PrimaryKey", template) or {"Name": "id", "Type": "String"}
    name, key_type = key.get("Name"), _SIMPLE_KEY_TYPES.get(str(key.get("Type")))
    if name is None or key_type is None:
        raise UnknownValue("PrimaryKey: a Name and a Type of String, Number or Binary are needed")
    request = {
        "TableName": _member(properties, "TableName", template) or logical_id,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": key_type}],
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return request, None


def _common(logical_id: str, properties: Mapping[str, Any], template: Template) -> dict[str, Any]:
    request: dict[str, Any] = {"TableName": _member(properties, "TableName", template) or logical_id}
    for name in _COPIED:
        value = _member(properties, name, template)
        if value:
            request[name] = value
    request["BillingMode"] = _member(properties, "BillingMode", template) or "PROVISIONED"
    vectors = _member(properties, "VectorIndexes", template)
    if vectors:
        request["VectorIndexes"] = [{**index, "Dimensions": int(index["Dimensions"])} for index in vectors]
    stream = _member(properties, "StreamSpecification", template)
    if isinstance(stream, dict):
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": stream.get("StreamViewType")}
    return request


def _add_global_indexes(request: dict[str, Any], properties: Mapping[str, Any], template: Template) -> None:
    raw = template.value(_without_throughput_of_global_tables(properties.get("GlobalSecondaryIndexes")))
    if raw is NO_VALUE or not raw:
        return
    request["GlobalSecondaryIndexes"] = indexes = []
    for declared in raw:
        index = {name: declared[name] for name in _INDEX_MEMBERS if name in declared}
        if "ProvisionedThroughput" in declared and request["BillingMode"] == "PROVISIONED":
            index["ProvisionedThroughput"] = _throughput(declared["ProvisionedThroughput"])
        indexes.append(index)


def _without_throughput_of_global_tables(raw: Any) -> Any:
    """Settings of scaling may refer to anything, and are not looked at."""
    if not isinstance(raw, list):
        return raw
    return [
        {name: value for name, value in index.items() if not name.endswith("ThroughputSettings")}
        if isinstance(index, dict)
        else index
        for index in raw
    ]


def _expiry_attribute(properties: Mapping[str, Any], template: Template) -> str | None:
    setting = _member(properties, "TimeToLiveSpecification", template)
    if not isinstance(setting, dict) or not _boolean(setting.get("Enabled", False)):
        return None
    return setting.get("AttributeName")


def _throughput(raw: Mapping[str, Any]) -> dict[str, int]:
    """Parameters are text, also where a number is meant."""
    try:
        return {name: int(raw[name]) for name in _UNITS}
    except (KeyError, TypeError, ValueError):
        raise UnknownValue(f"ProvisionedThroughput needs two whole numbers, not {raw!r}") from None


def _boolean(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


_READERS: Mapping[str, Callable[[str, Mapping[str, Any], Template], TableResource]] = {
    "AWS::DynamoDB::GlobalTable": _global_table,
    "AWS::DynamoDB::Table": _table,
    "AWS::Serverless::SimpleTable": _simple_table,
}
