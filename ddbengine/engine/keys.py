"""The primary key of an item: checked against the table, and as the bytes it is stored under (docs/design.md, "Bytes").

| what is wrong (FACTS 2.4) | in an item to put | in a lookup key |
| --- | --- | --- |
| attribute missing | ``Missing the key pk in the item`` | ``The provided key element does not match the schema`` |
| wrong type | ``Type mismatch for key pk expected: S actual: N`` | the same sentence as above |
| empty, too long | same message on both | |

In a request the table's key is checked first, then index keys, then the paths that expressions name.  The core makes
the key that there is nothing to be said about; any other is looked at here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ddbengine import _core
from ddbengine.engine.vector_values import check_vectors
from ddbengine.errors import ValidationException
from ddbengine.limits import PARTITION_KEY_MAX_BYTES, SORT_KEY_MAX_BYTES
from ddbengine.schema.table import IndexSchema, KeyAttribute, TableSchema

KEY_MISMATCH = "The provided key element does not match the schema"
_INVALID = "One or more parameter values were invalid: "
_NOT_VALID = "One or more parameter values are not valid. "
_NOT_SCALAR = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "


def table_prefix(schema: TableSchema) -> bytes:
    """What every item key of the table starts with: 5 bytes."""
    return schema.item_prefix


def item_key(schema: TableSchema, key: Mapping[str, bytes]) -> bytes:
    """The stored key of checked key attributes (encoded values by name)."""
    partition = key[schema.partition.name]
    parts = partition_prefix(schema, partition)
    return parts if schema.sort is None else parts + _core.key_part(key[schema.sort.name])


def partition_prefix(schema: TableSchema, partition: bytes) -> bytes:
    """What the keys of one item collection start with."""
    return _core.partition_key(schema.item_prefix, partition)


def lookup_key(schema: TableSchema, attributes: dict[str, bytes]) -> bytes:
    """Check the Key member of a request and return the stored key; raise ValidationException."""
    found = _core.item_key(schema.item_prefix, schema.key_types, attributes, SORT_KEY_MAX_BYTES)
    return found if found is not None else _doubtful_lookup_key(schema, attributes)


def _doubtful_lookup_key(schema: TableSchema, attributes: dict[str, bytes]) -> bytes:
    key = schema.key
    if len(attributes) != len(key):
        raise ValidationException(KEY_MISMATCH)
    for attribute in key:
        value = attributes.get(attribute.name)
        size = -1 if value is None else _core.key_size(value, attribute.type)
        if size < 0:
            raise ValidationException(KEY_MISMATCH)
        if not 0 < size <= SORT_KEY_MAX_BYTES:
            check_key_size(schema, attribute, size)
    return item_key(schema, attributes)


def key_of_new_item(schema: TableSchema, item: bytes) -> bytes:
    """Check the key attributes of an item to put and return the stored key; raise ValidationException."""
    found = _core.key_of_item(schema.item_prefix, schema.key_types, item, SORT_KEY_MAX_BYTES)
    return found if found is not None else _doubtful_key_of_new_item(schema, item)


def _doubtful_key_of_new_item(schema: TableSchema, item: bytes) -> bytes:
    key = {}
    for attribute in schema.key:
        value = _core.get_attribute(item, attribute.name)
        if value is None:
            raise ValidationException(f"{_INVALID}Missing the key {attribute.name} in the item")
        size = _core.key_size(value, attribute.type)
        if size < 0:
            raise ValidationException(
                f"{_INVALID}Type mismatch for key {attribute.name} expected: {attribute.type} "
                f"actual: {_core.type_of(value)}"
            )
        if not 0 < size <= SORT_KEY_MAX_BYTES:
            check_key_size(schema, attribute, size)
        key[attribute.name] = value
    return item_key(schema, key)


def check_key_size(schema: TableSchema, attribute: KeyAttribute, size: int) -> None:
    """Refuse a table's key attribute whose value has no bytes or too many.  Sizes from 1 to SORT_KEY_MAX_BYTES, the
    smaller of the limits, are always good; numbers are never longer."""
    if size == 0:
        raise ValidationException(empty_key_message(attribute, None))
    check_key_length(attribute is schema.partition, size)


def check_key_length(is_partition: bool, length: int) -> None:
    """Refuse a partition key, or all sort attributes of a key together, of too many bytes."""
    if is_partition and length > PARTITION_KEY_MAX_BYTES:
        raise ValidationException(
            f"{_INVALID}Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_MAX_BYTES} bytes"
        )
    if not is_partition and length > SORT_KEY_MAX_BYTES:
        raise ValidationException(
            f"{_INVALID}Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_MAX_BYTES} bytes"
        )


def empty_key_message(attribute: KeyAttribute, index: IndexSchema | None) -> str:
    """What the service says of an empty key value; ``index`` is the one whose key it is, None for the table's."""
    said = (
        "The AttributeValue for a key attribute cannot contain an empty "
        f"{'string' if attribute.type == 'S' else 'binary'} value. "
    )
    if index is None:
        return f"{_NOT_VALID}{said}Key: {attribute.name}"
    return (
        f"{_NOT_VALID}A value specified for a secondary index key is not supported. "
        f"{said}IndexName: {index.name}, IndexKey: {attribute.name}"
    )


def is_empty_key(attribute: KeyAttribute, value: bytes | None) -> bool:
    """Whether a value has the key attribute's type but nothing in it."""
    return (
        value is not None
        and attribute.type != "N"
        and _core.type_of(value) == attribute.type
        and not _core.key_bytes(value)
    )


def check_index_keys(schema: TableSchema, item: bytes, written: Collection[str | int] | None = None) -> None:
    """Refuse an item whose value for some index's key attribute has the wrong type, is empty or too long, or whose
    vector does not fit a vector index.

    Only indexes over attributes that were ``written`` are looked at, all when it is None: an item may be older than an
    index that it does not fit, and stays writable.
    """
    for index in schema.indexes_by_name:
        if written is None or any(attribute.name in written for attribute in index.key):
            check_key_length(True, _index_key_bytes(index, index.partition, item))
            check_key_length(False, _index_key_bytes(index, index.sort, item))
    if schema.vector_indexes:
        _check_vector_indexes(schema, item, written)


def _check_vector_indexes(schema: TableSchema, item: bytes, written: Collection[str | int] | None) -> None:
    for index in schema.vector_indexes:
        for attribute in index.partition:
            value = _core.get_attribute(item, attribute.name)
            if is_empty_key(attribute, value) and (written is None or attribute.name in written):
                raise ValidationException(empty_key_message(attribute, index))
    check_vectors(schema, item, written)


def _index_key_bytes(index: IndexSchema, attributes: tuple[KeyAttribute, ...], item: bytes) -> int:
    """The length of the values that an item has for these attributes; raise ValidationException for a bad one."""
    length = 0
    for attribute in attributes:
        value = _core.get_attribute(item, attribute.name)
        if value is None:
            continue
        actual = _core.type_of(value)
        if actual != attribute.type:
            raise ValidationException(
                f"{_INVALID}Type mismatch for Index Key {attribute.name} Expected: {attribute.type} "
                f"Actual: {actual} IndexName: {index.name}"
            )
        value_length = len(_core.key_bytes(value))
        if value_length == 0:
            raise ValidationException(empty_key_message(attribute, index))
        length += value_length
    return length


def check_scalar_keys(schema: TableSchema, paths: Iterable[tuple[str | int, ...]]) -> None:
    """Refuse document paths that lead below a key attribute of the table or of one of its indexes (FACTS 2.4)."""
    names = {path[0] for path in paths if len(path) > 1}
    if not names:
        return
    for attribute in schema.key:
        if attribute.name in names:
            raise ValidationException(f"{_NOT_SCALAR}Key: {attribute.name}")
    for index in schema.indexes:
        for attribute in index.key:
            if attribute.name in names:
                raise ValidationException(f"{_NOT_SCALAR}IndexKey: {attribute.name}")


def after(prefix: bytes) -> bytes:
    """The smallest byte string greater than everything that starts with the prefix."""
    trimmed = prefix.rstrip(b"\xff")
    assert trimmed, "every keyspace starts with a byte below 0xFF"
    return trimmed[:-1] + bytes((trimmed[-1] + 1,))
