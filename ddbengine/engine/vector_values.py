"""What a write may give the attributes that vector indexes read (FACTS 5.15).

An item without a vector, or without an attribute of the search schema, is fine: it is in the table, and maybe not in
the index.  An item older than an index may hold anything, and stays writable as long as nobody touches that.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.limits import PARTITION_KEY_MAX_BYTES, SEARCH_FILTER_MAX_BYTES
from ddbengine.schema.table import IndexSchema, TableSchema, VectorSpace

__all__ = ["check_vectors"]

_INVALID = "One or more parameter values were invalid. "
_RANGE = "[-3.4028235E38, 3.4028235E38]"


def check_vectors(schema: TableSchema, item: bytes, written: Collection[str | int] | None = None) -> None:
    """Refuse an item with a vector, or a value of a search schema, that does not fit an index; raise
    ValidationException.  Only attributes that were ``written`` are looked at, all when it is None."""
    for index in schema.vector_indexes:
        vector = index.vector
        assert vector is not None, index
        if written is None or vector.attribute in written:
            value = _core.get_attribute(item, vector.attribute)
            if value is not None and _core.vector_of(value, vector.dimensions) is None:
                raise _unfit(index, vector, value)
        for element in vector.search_schema:
            name = element.attribute.name
            if written is None or name in written:
                value = _core.get_attribute(item, name)
                if value is not None:
                    _check_search_value(index, name, element.attribute.type, element.is_partition, value)


def _unfit(index: IndexSchema, vector: VectorSpace, value: bytes) -> ValidationException:
    """Why a value is no vector of the index."""
    name, place = vector.attribute, f"IndexName: {index.name}"
    if _core.type_of(value) != "L":
        return ValidationException(
            f"{_INVALID}Invalid type for parameter {name}, Expected: 32-bit floating point number list {place}"
        )
    elements = _core.split_list(value)
    if len(elements) != vector.dimensions:
        return ValidationException(
            f"{_INVALID}Invalid size for parameter {name}, "
            f"Expected: {vector.dimensions}, Actual: {len(elements)} {place}"
        )
    for position, element in enumerate(elements):
        actual = _core.type_of(element)
        if actual != "N":
            return ValidationException(
                f"{_INVALID}Invalid type for parameter {name}[{position}], "
                f"Expected: 32-bit floating point number, Actual: {actual}. {place}"
            )
        if _core.vector_of(_core.join_list([element]), 1) is None:
            shown = Decimal(_core.number_to_text(_core.key_bytes(element))).normalize()
            return ValidationException(
                f"{_INVALID}Invalid value for parameter {name}[{position}], "
                f"Value: {shown} is outside valid range {_RANGE}. {place}"
            )
    raise AssertionError("a list of as many floats is a vector")


def _check_search_value(index: IndexSchema, name: str, expected: str, is_partition: bool, value: bytes) -> None:
    """The type and size of a value that the index is searched by; empty ones are refused with those of other keys."""
    actual = _core.type_of(value)
    if actual != expected:
        raise ValidationException(
            f"{_INVALID}Attribute '{name}' type mismatch. Expected: {expected}, Actual: {actual}. "
            f"IndexName: {index.name}"
        )
    size = _core.value_size(value)
    if is_partition and size > PARTITION_KEY_MAX_BYTES:
        raise ValidationException(
            "One or more parameter values were invalid: Aggregate size for HASH key attributes exceeds the maximum of "
            f"{PARTITION_KEY_MAX_BYTES} bytes"
        )
    if not is_partition and size > SEARCH_FILTER_MAX_BYTES:
        raise ValidationException(
            "One or more parameter values were invalid: Size limit exceeded for SearchSchema attribute "
            f"'{name}': maximum {SEARCH_FILTER_MAX_BYTES} bytes"
        )
