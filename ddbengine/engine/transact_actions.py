"""The actions of TransactWriteItems: Put, Update, Delete and ConditionCheck, from wire form to a change of one item.

An action does what the operation of its name does, in the words of the older layer (FACTS 2.1, 2.2).  What it says of a
single action differs in two ways: an update is measured by the finished item alone, not by its statement (FACTS 2.7),
and the values of its expressions may be deeper than what can be stored (FACTS 2.5).

In one action the service finds an empty attribute name first, then what is wrong with the expressions, then with the
values of Item or Key (FACTS 5.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ddbengine import _core
from ddbengine.engine.changes import ItemChange
from ddbengine.engine.keys import (
    check_index_keys,
    check_scalar_keys,
    empty_key_message,
    is_empty_key,
    key_of_new_item,
    lookup_key,
)
from ddbengine.engine.put_item import check_item_size
from ddbengine.engine.request_expressions import read_condition, read_placeholders
from ddbengine.engine.transactions import (
    Action,
    Reason,
    encoded_size,
    invalid,
    refuse_empty_key,
)
from ddbengine.engine.update_item import check_key_is_not_updated, check_updated_item, refuse_empty_index_keys
from ddbengine.engine.values import TRANSACTION
from ddbengine.errors import ValidationException
from ddbengine.expressions import Condition, Placeholders, Update, compile_update
from ddbengine.limits import NESTING_MAX_LEVELS
from ddbengine.schema.table import TableSchema


@dataclass(frozen=True, slots=True)
class Guard:
    """An action's table and condition."""

    table_name: str
    condition: Condition | None
    item_on_failure: bool
    """ReturnValuesOnConditionCheckFailure is ALL_OLD."""
    payload_bytes: int
    """What the action adds to the size of the request (FACTS 2.7): item or key, expressions and their values."""

    def failure(self, old: bytes | None) -> Reason | None:
        """The reason for cancelling, None if the condition holds for the item as it is."""
        if self.condition is None or self.condition.matches(old):
            return None
        return Reason("ConditionalCheckFailed", "The conditional request failed", old if self.item_on_failure else None)

    def check_paths(self, schema: TableSchema) -> None:
        if self.condition is not None:
            check_scalar_keys(schema, self.condition.paths)


class WriteAction(Action, Protocol):
    """An action of TransactWriteItems."""

    @property
    def guard(self) -> Guard: ...

    @property
    def writes(self) -> bool: ...

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        """What becomes of the item, or why the transaction must be cancelled.

        Raise ValidationException for what refuses the whole request even now.
        """
        ...

    def partition(self, schema: TableSchema) -> bytes:
        """The encoded partition key of an action whose key is sound."""
        ...


@dataclass(frozen=True, slots=True)
class Put:
    guard: Guard
    item: bytes
    writes: ClassVar[bool] = True

    @property
    def table_name(self) -> str:
        return self.guard.table_name

    def check(self, schema: TableSchema) -> None:
        refuse_empty_key(schema, self._value)
        for index in schema.all_indexes_by_name:
            for attribute in index.key:
                if is_empty_key(attribute, self._value(attribute.name)):
                    raise ValidationException(empty_key_message(attribute, index))
        self.guard.check_paths(schema)

    def stored_key(self, schema: TableSchema) -> bytes:
        return key_of_new_item(schema, self.item)

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        try:
            check_index_keys(schema, self.item)
        except ValidationException as error:
            return invalid(error)
        return self.guard.failure(old) or ItemChange(schema, key, old, self.item)

    def partition(self, schema: TableSchema) -> bytes:
        value = self._value(schema.partition.name)
        assert value is not None, "the key was found sound"
        return value

    def _value(self, name: str) -> bytes | None:
        return _core.get_attribute(self.item, name)


@dataclass(frozen=True, slots=True)
class Keyed:
    """What actions that name their item by its key have in common."""

    guard: Guard
    key: dict[str, bytes]

    @property
    def table_name(self) -> str:
        return self.guard.table_name

    def check(self, schema: TableSchema) -> None:
        refuse_empty_key(schema, self.key.get)
        self.guard.check_paths(schema)

    def stored_key(self, schema: TableSchema) -> bytes:
        return lookup_key(schema, self.key)

    def partition(self, schema: TableSchema) -> bytes:
        return self.key[schema.partition.name]


@dataclass(frozen=True, slots=True)
class Delete(Keyed):
    writes: ClassVar[bool] = True

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        return self.guard.failure(old) or ItemChange(schema, key, old, None)


@dataclass(frozen=True, slots=True)
class ConditionCheck(Keyed):
    writes: ClassVar[bool] = False

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        return self.guard.failure(old) or ItemChange(schema, key, old, old)


@dataclass(frozen=True, slots=True)
class ItemUpdate(Keyed):
    update: Update
    writes: ClassVar[bool] = True

    def check(self, schema: TableSchema) -> None:
        refuse_empty_key(schema, self.key.get)
        self.guard.check_paths(schema)
        keys = [attribute.name for attribute in schema.key]
        targets = [path for path in self.update.paths if path[0] not in keys]  # those are told of in ``change``
        check_scalar_keys(schema, (*targets, *self.update.operand_paths))

    def change(self, schema: TableSchema, key: bytes, old: bytes | None) -> ItemChange | Reason:
        update = self.update
        try:
            check_key_is_not_updated(schema, update)
        except ValidationException as error:
            return invalid(error)
        failure = self.guard.failure(old)
        if failure is not None:
            return failure
        if old is None and not update.creates:
            return ItemChange(schema, key, None, None)
        try:
            new = update.apply(old, self.key).item
        except ValidationException as error:
            return invalid(error)
        refuse_empty_index_keys(schema, update, new)
        try:
            if _core.value_depth(new) - 1 > NESTING_MAX_LEVELS:
                raise TRANSACTION.fault(_core.ValueFault("nesting"))
            check_updated_item(schema, update, old, new)
        except ValidationException as error:
            return invalid(error)
        return ItemChange(schema, key, old, new)


def read_action(wire: Mapping[str, Any]) -> WriteAction:
    """An element of TransactItems; raise ValidationException for what needs no table to be seen."""
    if not wire:
        raise ValidationException(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    if len(wire) > 1:
        # Not in FACTS; observed on DynamoDB Local 1.25.
        raise ValidationException("TransactItems can only contain one of Check, Put, Update or Delete")
    [(kind, members)] = wire.items()
    return _READERS[kind](members)


def _read_put(wire: Mapping[str, Any]) -> WriteAction:
    item = wire["Item"]
    _refuse_empty_name(item)
    condition, values = _read_condition(wire)
    encoded, size = TRANSACTION.item(item)
    check_item_size(size)
    return Put(_guard(wire, condition, values, size), encoded)


def _read_update(wire: Mapping[str, Any]) -> WriteAction:
    _refuse_empty_name(wire["Key"])
    placeholders = read_placeholders(wire, ("UpdateExpression", "ConditionExpression"), TRANSACTION)
    update = compile_update(wire["UpdateExpression"], placeholders)
    condition = read_condition(wire, placeholders)
    placeholders.check_unused()
    key = TRANSACTION.attributes(wire["Key"])
    return ItemUpdate(_guard(wire, condition, placeholders.values, encoded_size(key)), key, update)


def _read_delete(wire: Mapping[str, Any]) -> WriteAction:
    return Delete(*_read_keyed(wire))


def _read_condition_check(wire: Mapping[str, Any]) -> WriteAction:
    return ConditionCheck(*_read_keyed(wire))


def _read_keyed(wire: Mapping[str, Any]) -> tuple[Guard, dict[str, bytes]]:
    _refuse_empty_name(wire["Key"])
    condition, values = _read_condition(wire)
    key = TRANSACTION.attributes(wire["Key"])
    return _guard(wire, condition, values, encoded_size(key)), key


_READERS = {
    "Put": _read_put,
    "Update": _read_update,
    "Delete": _read_delete,
    "ConditionCheck": _read_condition_check,
}


def _refuse_empty_name(attributes: Mapping[str, Any]) -> None:
    if "" in attributes:
        raise TRANSACTION.fault(_core.ValueFault("empty_name"))


def _read_condition(wire: Mapping[str, Any]) -> tuple[Condition | None, Mapping[str, bytes]]:
    """The condition, and the values it uses."""
    placeholders: Placeholders = read_placeholders(wire, ("ConditionExpression",), TRANSACTION)
    condition = read_condition(wire, placeholders)
    placeholders.check_unused()
    return condition, placeholders.values


def _guard(wire: Mapping[str, Any], condition: Condition | None, values: Mapping[str, bytes], size: int) -> Guard:
    """``size`` is that of the item or the key.  How the payload is counted was observed on DynamoDB Local 1.25."""
    texts = (wire.get(member, "") for member in ("UpdateExpression", "ConditionExpression"))
    payload = size + sum(len(text.encode()) for text in texts) + sum(map(_core.value_size, values.values()))
    item_on_failure = wire.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Guard(wire["TableName"], condition, item_on_failure, payload)
