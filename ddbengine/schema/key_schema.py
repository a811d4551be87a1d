"""Key schemas, projections and attribute definitions, as CreateTable and UpdateTable accept them (FACTS 5.9).

| key schema of | elements |
| --- | --- |
| a table, a local index | one HASH, then at most one RANGE |
| a global index | up to four HASH, then up to four RANGE |

Bare messages (without "One or more parameter values were invalid: ") are bare on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddbengine.errors import ValidationException, enveloped
from ddbengine.limits import INDEX_PARTITION_MAX_ATTRIBUTES, INDEX_SORT_MAX_ATTRIBUTES, TABLE_KEY_MAX_ATTRIBUTES
from ddbengine.schema.refusals import invalid, listed
from ddbengine.schema.table import KeyAttribute, Projection

Elements = Sequence[Mapping[str, str]]
"""A KeySchema member: AttributeName and KeyType of each element."""


def attribute_types(definitions: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """AttributeDefinitions as type by name, in request order; raise on a repeated name."""
    types: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in types:
            raise ValidationException(f"Attribute Name is duplicated: {name}")
        types[name] = definition["AttributeType"]
    return types


def key_names(elements: Elements) -> list[str]:
    return [element["AttributeName"] for element in elements]


def check_defined(elements: Elements, types: Mapping[str, str]) -> None:
    """Every key attribute has a definition (FACTS 5.9 rows 4 and 5)."""
    if len(elements) > len(types):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    names = key_names(elements)
    if any(name not in types for name in names):
        raise invalid(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{listed(types, len(types))}]"
        )


def check_table_key(elements: Elements, types: Mapping[str, str]) -> None:
    """A table's key (FACTS 5.9 rows 4 to 7)."""
    check_defined(elements, types)
    _check_pair(elements)


def check_local_key(elements: Elements, types: Mapping[str, str]) -> None:
    """A local index's key (FACTS 5.9 row 11)."""
    check_defined(elements, types)
    _check_pair(elements)


def check_global_key(elements: Elements, types: Mapping[str, str]) -> None:
    """A global index's key, of one or several attributes a side (FACTS 5.9 row 17)."""
    check_defined(elements, types)
    kinds = [element["KeyType"] for element in elements]
    if kinds in (["HASH"], ["HASH", "RANGE"]) or kinds[0] != "HASH":
        _check_pair(elements)
        return
    if len(set(key_names(elements))) < len(elements):
        raise ValidationException("The KeySchema contains multiple key attributes with the same name")
    if kinds != sorted(kinds):
        raise invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema")
    for kind, most in (("HASH", INDEX_PARTITION_MAX_ATTRIBUTES), ("RANGE", INDEX_SORT_MAX_ATTRIBUTES)):
        if kinds.count(kind) > most:
            raise invalid(f"The KeySchema exceeds the maximum allowed number of {kind} key attributes")


def check_length(elements: Elements, member: str) -> None:
    """Refuse a third element where only a global index may have one; the model itself has no bound (FACTS 3.3)."""
    if len(elements) > TABLE_KEY_MAX_ATTRIBUTES:
        echo = ", ".join(
            f"KeySchemaElement(attributeName={element['AttributeName']}, keyType={element['KeyType']})"
            for element in elements
        )
        raise enveloped(
            ValidationException(
                f"Value '[{echo}]' at '{member}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {TABLE_KEY_MAX_ATTRIBUTES}"
            )
        )


def _check_pair(elements: Elements) -> None:
    names = key_names(elements)
    if len(names) > 1 and names[0] == names[1]:
        raise ValidationException("Both the Hash Key and the Range Key element in the KeySchema have the same name")
    if elements[0]["KeyType"] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(elements) > 1 and elements[1]["KeyType"] != "RANGE":
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")


def checked_projection(request: Mapping[str, Any]) -> Projection:
    """An index's Projection member (FACTS 5.9 rows 13 and 14)."""
    kind = request.get("ProjectionType")
    names: list[str] | None = request.get("NonKeyAttributes")
    if kind is None:
        raise invalid("Unknown ProjectionType: null")
    if kind != "INCLUDE":
        if names is not None:
            raise invalid(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
        return Projection(kind)
    if names is None:
        raise invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    for position, name in enumerate(names):
        if name in names[:position]:
            raise invalid(f"Duplicate element in NonKeyAttributes: {name}")
    return Projection(kind, tuple(names))


def attributes_of(elements: Elements, kind: str, types: Mapping[str, str]) -> tuple[KeyAttribute, ...]:
    """The attributes of a checked key schema that are HASH, or that are RANGE."""
    return tuple(
        KeyAttribute(element["AttributeName"], types[element["AttributeName"]])
        for element in elements
        if element["KeyType"] == kind
    )
