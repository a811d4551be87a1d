"""INSERT, UPDATE and DELETE: what a statement does to its one item (FACTS 5.14).

| statement | no such item | item exists, further predicates false |
| --- | --- | --- |
| INSERT | inserted | DuplicateItemException, there are no predicates |
| UPDATE | ConditionalCheckFailedException, never an upsert | ConditionalCheckFailedException |
| DELETE | nothing happens, whatever else is asked | ConditionalCheckFailedException |

What is said of keys was observed on DynamoDB Local 1.25, whose reader of statements is the service's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ddbengine import _core
from ddbengine.engine.bodies import wire_item
from ddbengine.engine.keys import check_index_keys, check_key_size, check_scalar_keys, item_key
from ddbengine.engine.update_item import check_update_paths, check_updated_item
from ddbengine.errors import ConditionalCheckFailedException, DuplicateItemException, ValidationException
from ddbengine.expressions import Update
from ddbengine.partiql.compiler import BoundWhere
from ddbengine.partiql.keys import PinnedKey, pinned_key
from ddbengine.schema.table import KeyAttribute, TableSchema

KEY_NOT_PINNED = "Where clause does not contain a mandatory equality on all key attributes"
_ON_INDEX = "This operation is not supported on an index"


@dataclass(frozen=True, slots=True)
class Written:
    """An item after a statement, None for no item, and the stored form of what RETURNING shows, if anything."""

    new: bytes | None
    returned: bytes | None = None


@dataclass(frozen=True, slots=True)
class InsertStatement:
    table_name: str
    item: bytes
    item_on_failure: bool

    @property
    def returns(self) -> bool:
        return False

    def key(self, schema: TableSchema) -> dict[str, bytes]:
        """The checked key attributes; raise ValidationException."""
        key = {}
        for attribute in schema.key:
            value = _core.get_attribute(self.item, attribute.name)
            if value is None:
                raise ValidationException(f"Key attribute should be present in the item: Key {attribute.name}")
            check_key_attribute(schema, attribute, value)
            key[attribute.name] = value
        check_index_keys(schema, self.item)
        return key

    def written(self, schema: TableSchema, old: bytes | None) -> Written:
        if old is not None:
            raise DuplicateItemException("Duplicate primary key exists in table", _failed_item(self, old))
        return Written(self.item)


@dataclass(frozen=True, slots=True)
class UpdateStatement:
    table_name: str
    index_name: str | None
    update: Update
    where: BoundWhere | None
    returning: str
    item_on_failure: bool

    @property
    def returns(self) -> bool:
        return self.returning != "NONE"

    def key(self, schema: TableSchema) -> dict[str, bytes]:
        key = _key_of_where(schema, self.index_name, self.where)
        check_update_paths(schema, self.update)
        return key

    def written(self, schema: TableSchema, old: bytes | None) -> Written:
        assert self.where is not None, "the key was found in it"
        if old is None or not self.where.condition.matches(old):
            raise ConditionalCheckFailedException("The conditional request failed", _failed_item(self, old))
        result = self.update.apply(old, {})
        check_updated_item(schema, self.update, old, result.item)
        if self.returning == "ALL_NEW":
            return Written(result.item, result.item)
        if self.returning == "ALL_OLD":
            return Written(result.item, old)
        if self.returning == "UPDATED_NEW":
            return Written(result.item, result.updated_new())
        return Written(result.item, result.updated_old() if self.returning == "UPDATED_OLD" else None)


@dataclass(frozen=True, slots=True)
class DeleteStatement:
    table_name: str
    index_name: str | None
    where: BoundWhere | None
    returning: str
    item_on_failure: bool

    @property
    def returns(self) -> bool:
        return self.returning != "NONE"

    def key(self, schema: TableSchema) -> dict[str, bytes]:
        return _key_of_where(schema, self.index_name, self.where)

    def written(self, schema: TableSchema, old: bytes | None) -> Written:
        assert self.where is not None, "the key was found in it"
        if old is None:
            return Written(None)
        if not self.where.condition.matches(old):
            raise ConditionalCheckFailedException("The conditional request failed", _failed_item(self, old))
        return Written(None, old if self.returning == "ALL_OLD" else None)


StatementWrite = InsertStatement | UpdateStatement | DeleteStatement


def stored_key(schema: TableSchema, statement: StatementWrite) -> bytes:
    return item_key(schema, statement.key(schema))


def _failed_item(statement: StatementWrite, old: bytes | None) -> dict[str, object] | None:
    return {"Item": wire_item(old)} if statement.item_on_failure and old is not None else None


def _key_of_where(schema: TableSchema, index_name: str | None, where: BoundWhere | None) -> dict[str, bytes]:
    if index_name is not None:
        raise ValidationException(_ON_INDEX)
    key = key_of(schema, pinned_key(where, tuple([attribute.name for attribute in schema.key])))
    assert where is not None, "a key was found in it"
    check_scalar_keys(schema, where.condition.paths)
    return key


def key_of(schema: TableSchema, pinned: PinnedKey) -> dict[str, bytes]:
    """The checked key attributes that a WHERE clause pins; raise ValidationException."""
    values: Mapping[str, tuple[bytes, ...]] = pinned.values
    if len(values) < len(schema.key):
        raise ValidationException(KEY_NOT_PINNED)
    key = {}
    for attribute in schema.key:
        first, *others = values[attribute.name]
        if others:
            raise ValidationException(
                f"Multiple conditions on same key {attribute.name}. Only single item Update/Insert/Delete are supported"
            )
        check_key_attribute(schema, attribute, first)
        key[attribute.name] = first
    return key


def check_key_attribute(schema: TableSchema, attribute: KeyAttribute, value: bytes) -> None:
    check_key_type(attribute, value)
    check_key_size(schema, attribute, _core.key_size(value, attribute.type))


def check_key_type(attribute: KeyAttribute, value: bytes) -> None:
    if _core.type_of(value) != attribute.type:
        raise ValidationException(
            f"Key attribute's data type should match its data type in table's schema: Key {attribute.name}"
        )
