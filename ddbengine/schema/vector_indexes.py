"""Vector indexes as CreateTable and UpdateTable accept them (FACTS 5.15).

A vector index holds one attribute of a table's items, a list of numbers of a fixed length, and may be partitioned by
(HASH) and filtered by (INLINE_FILTER) others, its search schema.  Those have a definition in AttributeDefinitions, the
vector attribute has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ddbengine.errors import ValidationException
from ddbengine.limits import VECTOR_INDEXES_MAX, VECTOR_MAX_DIMENSIONS
from ddbengine.schema import key_schema
from ddbengine.schema.refusals import invalid
from ddbengine.schema.table import IndexSchema, KeyAttribute, SearchElement, TableSchema, VectorSpace
from ddbengine.schema.throughput import ON_DEMAND

_UNNUMBERED = 0
PARTITION = "HASH"


def vector_indexes(request: Mapping[str, Any], types: Mapping[str, str], billing_mode: str) -> tuple[IndexSchema, ...]:
    """The indexes that a CreateTable request's VectorIndexes asks for, not numbered yet; raise ValidationException."""
    requested: Sequence[Mapping[str, Any]] | None = request.get("VectorIndexes")
    if requested is None:
        return ()
    if not requested:
        raise invalid("List of VectorIndexes is empty")
    check_billing(billing_mode)
    if len(requested) > VECTOR_INDEXES_MAX:
        raise invalid(f"VectorIndex count exceeds the per-table limit of {VECTOR_INDEXES_MAX}")
    indexes = tuple(vector_index(index, types) for index in requested)
    check_dimensions(indexes)
    return indexes


def check_billing(billing_mode: str) -> None:
    if billing_mode != ON_DEMAND:
        raise invalid("Vector indexes are only supported for PAY_PER_REQUEST tables")


def vector_index(request: Mapping[str, Any], types: Mapping[str, str]) -> IndexSchema:
    """The index that a member of VectorIndexes (or a Create action) asks for, not numbered yet.

    ``types`` are the AttributeDefinitions of the request.
    """
    name, dimensions = request["VectorAttribute"]["AttributeName"], request["Dimensions"]
    if dimensions > VECTOR_MAX_DIMENSIONS:
        raise invalid(f"Number of dimensions must be between 1 and {VECTOR_MAX_DIMENSIONS} inclusive.")
    elements = request.get("SearchSchema", ())
    if any(element["AttributeName"] not in types for element in elements):
        raise invalid("One element in SearchSchema is not defined in attribute definitions")
    if name in types:
        raise invalid(
            f"Conflicting attribute definition for '{name}'. "
            "An attribute cannot be defined in AttributeDefinitions when used as a VectorAttribute."
        )
    names = search_names(request)
    if len(set(names)) < len(names):
        raise ValidationException("The SearchSchema contains multiple attributes with the same name")
    search_schema = tuple(_element(element, types) for element in elements)
    return IndexSchema(
        name=request["IndexName"],
        number=_UNNUMBERED,
        is_global=True,
        partition=tuple(element.attribute for element in search_schema if element.is_partition),
        sort=(),
        projection=key_schema.checked_projection(request["Projection"]),
        vector=VectorSpace(name, dimensions, request["DistanceFunction"], search_schema),
    )


def _element(request: Mapping[str, str], types: Mapping[str, str]) -> SearchElement:
    name = request["AttributeName"]
    return SearchElement(KeyAttribute(name, types[name]), request["SearchSchemaElementType"] == PARTITION)


def search_names(request: Mapping[str, Any]) -> list[str]:
    """The attributes of the search schema of a requested vector index."""
    return [element["AttributeName"] for element in request.get("SearchSchema", ())]


def check_dimensions(indexes: Collection[IndexSchema]) -> None:
    """All indexes on one attribute have as many dimensions."""
    known: dict[str, int] = {}
    for index in indexes:
        vector = index.vector
        assert vector is not None, index
        if known.setdefault(vector.attribute, vector.dimensions) != vector.dimensions:
            raise invalid(
                f"Conflicting attribute definition for '{vector.attribute}'. "
                "All VectorIndexes on the same vector attribute must use the same dimensions."
            )


def check_not_a_key(schema: TableSchema, index: IndexSchema) -> None:
    """Refuse a vector attribute that is a key attribute of the table."""
    vector = index.vector
    assert vector is not None, index
    for attribute in schema.key:
        if attribute.name == vector.attribute:
            role = "HASH" if attribute is schema.partition else "RANGE"
            raise invalid(
                "Attributes cannot be redefined. Please check that your attribute has the same type as previously "
                f"defined. Existing schema: Schema:[SchemaElement: key{{{attribute.name}:{attribute.type}:{role}}}] "
                "New schema: VectorIndexSchema:[VectorAttribute: "
                f"key{{{attribute.name}:L:{vector.dimensions}}}]"
            )
