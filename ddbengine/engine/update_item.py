"""UpdateItem: changes attributes of an item, or creates it.  Order of checks: FACTS 3.5; sizes: FACTS 2.7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ddbengine import _core
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.item_write import (
    WriteRequest,
    check_condition,
    check_condition_paths,
    outcome_of_write,
    read_write_request,
    stored_item,
)
from ddbengine.engine.keys import check_index_keys, check_scalar_keys, is_empty_key, lookup_key
from ddbengine.engine.request_expressions import read_condition, read_legacy_condition, read_placeholders
from ddbengine.engine.values import CURRENT_READ, SINGLE_WRITE
from ddbengine.errors import ValidationException
from ddbengine.expressions import Condition, Update, UpdateResult, check_mixing, compile_update, legacy_updates
from ddbengine.limits import ITEM_MAX_BYTES, NESTING_MAX_LEVELS
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn

LEGACY = ("AttributeUpdates", "Expected", "ConditionalOperator")
EXPRESSIONS = ("UpdateExpression", "ConditionExpression")
_LEGACY = frozenset(LEGACY)

_ITEM_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
_TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
_EMPTY_INDEX_KEY = (
    "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a "
    "value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value."
)
_INDEX_KEY_TYPE = "The update expression attempted to update the secondary index key to unsupported type"


@dataclass(slots=True)  # not frozen: each request makes one
class UpdateItem:
    write: WriteRequest
    key: dict[str, bytes]
    update: Update | None
    """None leaves an item as it is, and creates a missing one with nothing but its key."""
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        write = self.write
        schema = write.table(txn)
        key = lookup_key(schema, self.key)
        check_condition_paths(write, schema)
        if self.update is not None:
            check_update_paths(schema, self.update)
        old = stored_item(txn, key)
        new, attributes = self._updated(schema, old)
        change = ItemChange(schema, key, old, new)
        return outcome_of_write(write, schema, change, self.key[schema.partition.name], txn, attributes)

    def _updated(self, schema: TableSchema, old: bytes | None) -> tuple[bytes | None, bytes | None]:
        """The item after the update, None if a missing one stays missing; and what ReturnValues asks for."""
        write, update = self.write, self.update
        if update is None:
            check_condition(write, old)
            new = _core.join_map(self.key) if old is None else old
            return new, _returned(write.return_values, old, new, None)
        check_size(update.charge(old))
        check_condition(write, old)
        if old is None and not update.creates:
            return None, None
        result = update.apply(old, self.key)
        check_updated_item(schema, update, old, result.item)
        return result.item, _returned(write.return_values, old, result.item, result)


def check_update_paths(schema: TableSchema, update: Update) -> None:
    """Refuse an update of a primary key attribute, and paths that lead below any key attribute."""
    check_key_is_not_updated(schema, update)
    if update.shape.nested_paths:
        check_scalar_keys(schema, update.shape.nested_paths)


def check_key_is_not_updated(schema: TableSchema, update: Update) -> None:
    if update.shape.names.isdisjoint(schema.key_names):
        return
    for path in update.paths:
        for attribute in schema.key:
            if path[0] == attribute.name:
                raise ValidationException(
                    f"One or more parameter values were invalid: Cannot update attribute {attribute.name}. "
                    "This attribute is part of the key"
                )


def check_size(size: int) -> None:
    if size > ITEM_MAX_BYTES:
        raise ValidationException(_ITEM_TOO_LARGE)


def check_updated_item(schema: TableSchema, update: Update, old: bytes | None, new: bytes) -> None:
    """Refuse a finished item that is too large, too deep or unfit for an index."""
    check_size(_core.item_size(new))
    if not update.shape.is_flat and _core.value_depth(new) - 1 > NESTING_MAX_LEVELS:
        raise SINGLE_WRITE.error(_TOO_DEEP)
    if schema.all_indexes:
        if update.is_expression:
            refuse_empty_index_keys(schema, update, new)
        _check_evaluated_index_keys(schema, update, new)
        check_index_keys(schema, new, {path[0] for path in update.paths})


def refuse_empty_index_keys(schema: TableSchema, update: Update, new: bytes) -> None:
    """Refuse a finished item if the expression gave it an empty value for a key attribute of an index (FACTS 2.4)."""
    written = {path[0] for path in update.paths}
    for index in schema.all_indexes_by_name:
        for attribute in index.key:
            if attribute.name in written and is_empty_key(attribute, _core.get_attribute(new, attribute.name)):
                raise ValidationException(_EMPTY_INDEX_KEY.format("string" if attribute.type == "S" else "binary"))


def _check_evaluated_index_keys(schema: TableSchema, update: Update, new: bytes) -> None:
    """A wrong type that was computed, not given as a literal, has a sentence of its own (FACTS 4.4)."""
    for index in schema.indexes_by_name:
        for attribute in index.key:
            if (attribute.name,) not in update.computed_paths:
                continue
            value = _core.get_attribute(new, attribute.name)
            if value is not None and _core.type_of(value) != attribute.type:
                raise ValidationException(_INDEX_KEY_TYPE)


def _returned(mode: str, old: bytes | None, new: bytes, result: UpdateResult | None) -> bytes | None:
    """The stored item that ReturnValues asks for, None for no Attributes member."""
    if mode == "ALL_NEW":
        return new
    if mode == "ALL_OLD":
        return old
    if result is None or mode == "NONE":
        return None
    return result.updated_new() if mode == "UPDATED_NEW" else result.updated_old()


def prepare(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> UpdateItem:
    if not _LEGACY.isdisjoint(request):
        SINGLE_WRITE.checked(check_mixing, request, LEGACY, EXPRESSIONS)
    key = SINGLE_WRITE.attributes(request["Key"])
    update, condition = SINGLE_WRITE.checked(read_update, request)
    return UpdateItem(read_write_request(surroundings, caller, request, condition), key, update)


def read_update(request: Mapping[str, Any]) -> tuple[Update | None, Condition | None]:
    """The update and the condition of a request, legacy or expressions; raise bare ValidationException."""
    update = expected = None
    if not _LEGACY.isdisjoint(request):
        update = _read_legacy_update(request)
        expected = read_legacy_condition(request, "Expected", CURRENT_READ)
    placeholders = read_placeholders(request, EXPRESSIONS, CURRENT_READ)
    text = request.get("UpdateExpression")
    if text is not None:
        update = compile_update(text, placeholders)
    condition = read_condition(request, placeholders)
    placeholders.check_unused()
    return update, expected or condition


def _read_legacy_update(request: Mapping[str, Any]) -> Update | None:
    changes = request.get("AttributeUpdates")
    if not changes:
        return None
    CURRENT_READ.attribute_names(changes)
    return legacy_updates(changes, CURRENT_READ.value)
