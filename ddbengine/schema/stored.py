"""The stored form of a table schema: one msgpack map, the value of its row in the catalog.

The first member says the form's version; a row of another version is not read but refused, since guessing at a schema
would corrupt data.
"""

from __future__ import annotations

from typing import Any

import msgpack

from ddbengine.schema.table import IndexSchema, KeyAttribute, Projection, SearchElement, TableSchema, VectorSpace

FORM = 2
"""What a table with vector indexes needs; one without is written in form 1, which older versions read."""


def encode(schema: TableSchema) -> bytes:
    """The row of a schema."""
    row: dict[str, Any] = {
        "form": 1,
        "name": schema.name,
        "number": schema.number,
        "namespace": schema.namespace,
        "arn": schema.arn,
        "id": schema.id,
        "created": schema.created,
        "key": [attribute.name for attribute in schema.key],
        "attribute_types": schema.attribute_types,
        "local_indexes": [_index_row(index) for index in schema.local_indexes],
        "global_indexes": [_index_row(index) for index in schema.global_indexes],
        "settings": schema.settings,
        "tags": schema.tags,
    }
    if schema.vector_indexes:
        row |= {"form": FORM, "vector_indexes": [_index_row(index) for index in schema.vector_indexes]}
    packed: bytes = msgpack.packb(row)
    return packed


def decode(row: bytes | memoryview) -> TableSchema:
    """The schema of a row; raise ValueError for a form this version does not know."""
    members: dict[str, Any] = msgpack.unpackb(row)
    if not 1 <= members["form"] <= FORM:
        raise ValueError(f"a table schema of form {members['form']}, where {FORM} is the newest known")
    types = members["attribute_types"]
    key = _attributes(members["key"], types)
    return TableSchema(
        name=members["name"],
        number=members["number"],
        namespace=members["namespace"],
        arn=members["arn"],
        id=members["id"],
        created=members["created"],
        partition=key[0],
        sort=key[1] if len(key) > 1 else None,
        attribute_types=types,
        local_indexes=tuple(_index(index, types) for index in members["local_indexes"]),
        global_indexes=tuple(_index(index, types) for index in members["global_indexes"]),
        vector_indexes=tuple(_index(index, types) for index in members.get("vector_indexes", ())),
        settings=members["settings"],
        tags=members["tags"],
    )


def _index_row(index: IndexSchema) -> dict[str, Any]:
    return {
        "name": index.name,
        "number": index.number,
        "is_global": index.is_global,
        "partition": [attribute.name for attribute in index.partition],
        "sort": [attribute.name for attribute in index.sort],
        "projection": index.projection.type,
        "non_key_attributes": list(index.projection.non_key_attributes),
        "settings": index.settings,
        **({"is_filling": True} if index.is_filling else {}),
        **({} if index.vector is None else {"vector": _vector_row(index.vector)}),
    }


def _vector_row(vector: VectorSpace) -> list[Any]:
    elements = [(element.attribute.name, element.is_partition) for element in vector.search_schema]
    return [vector.attribute, vector.dimensions, vector.distance, elements]


def _vector(row: list[Any], types: dict[str, str]) -> VectorSpace:
    attribute, dimensions, distance, elements = row
    search_schema = (SearchElement(KeyAttribute(name, types[name]), is_partition) for name, is_partition in elements)
    return VectorSpace(attribute, dimensions, distance, tuple(search_schema))


def _index(row: dict[str, Any], types: dict[str, str]) -> IndexSchema:
    return IndexSchema(
        name=row["name"],
        number=row["number"],
        is_global=row["is_global"],
        partition=_attributes(row["partition"], types),
        sort=_attributes(row["sort"], types),
        projection=Projection(row["projection"], tuple(row["non_key_attributes"])),
        settings=row["settings"],
        is_filling=row.get("is_filling", False),
        vector=_vector(row["vector"], types) if "vector" in row else None,
    )


def _attributes(names: list[str], types: dict[str, str]) -> tuple[KeyAttribute, ...]:
    return tuple(KeyAttribute(name, types[name]) for name in names)
