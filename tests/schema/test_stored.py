"""The stored form of a schema gives back the schema."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.schema import stored
from ddbengine.schema.table import (
    IndexSchema,
    KeyAttribute,
    Projection,
    SearchElement,
    TableSchema,
    VectorSpace,
)

NAMES = st.text(min_size=1, max_size=12)
TYPES = st.sampled_from(["S", "N", "B"])
SETTINGS = st.dictionaries(
    NAMES, st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=5)
)


@st.composite
def schemas(draw: st.DrawFn) -> TableSchema:
    types = draw(st.dictionaries(NAMES, TYPES, min_size=1, max_size=6))
    attributes = st.sampled_from(sorted(types)).map(lambda name: KeyAttribute(name, types[name]))
    keys = st.lists(attributes, max_size=4).map(tuple)
    numbers = st.integers(1, 2**32 - 1)

    def index(is_global: bool) -> st.SearchStrategy[IndexSchema]:
        projection = st.builds(Projection, st.just("INCLUDE"), st.lists(NAMES, max_size=3).map(tuple))
        return st.builds(IndexSchema, NAMES, numbers, st.just(is_global), keys, keys, projection, SETTINGS)

    elements = st.lists(st.builds(SearchElement, attributes, st.booleans()), max_size=3).map(tuple)
    spaces = st.builds(VectorSpace, NAMES, st.integers(1, 4096), st.sampled_from(["COSINE", "EUCLIDEAN"]), elements)
    vectors = st.builds(
        IndexSchema,
        NAMES,
        numbers,
        st.just(True),
        keys,
        st.just(()),
        st.builds(Projection, st.just("ALL")),
        vector=spaces,
    )
    return TableSchema(
        name=draw(NAMES),
        number=draw(numbers),
        namespace=draw(st.text()),
        arn=draw(NAMES),
        id=draw(NAMES),
        created=draw(st.floats(0, 1e10)),
        partition=draw(attributes),
        sort=draw(st.none() | attributes),
        attribute_types=types,
        local_indexes=tuple(draw(st.lists(index(False), max_size=2))),
        global_indexes=tuple(draw(st.lists(index(True), max_size=2))),
        vector_indexes=tuple(draw(st.lists(vectors, max_size=2))),
        settings=draw(SETTINGS),
        tags=draw(st.dictionaries(NAMES, st.text())),
    )


@given(schemas())
def test_a_schema_is_read_back_as_it_was_stored(schema: TableSchema) -> None:
    decoded = stored.decode(memoryview(stored.encode(schema)))
    assert decoded == schema
    assert list(decoded.attribute_types) == list(schema.attribute_types)


@given(schemas())
def test_only_a_table_with_vector_indexes_is_stored_in_a_form_that_older_versions_refuse(schema: TableSchema) -> None:
    assert msgpack.unpackb(stored.encode(schema))["form"] == (2 if schema.vector_indexes else 1)


def test_a_row_of_a_newer_form_is_not_guessed_at() -> None:
    row: Any = msgpack.packb({"form": stored.FORM + 1})
    with pytest.raises(ValueError, match="form 3, where 2 is the newest known"):
        stored.decode(row)
