"""What transactions of reads and of writes share: the items they name, and how they are cancelled (FACTS 5.8).

Once a request's actions are found sound by themselves, the service looks in this order: at missing tables; at what
refuses the whole request although only the schema shows it, empty key values and paths below a key; at two actions on
one item; and then at each action by itself.  What is wrong there, a key that does not fit or a condition that does not
hold, cancels the transaction, and is told as a reason at the action's position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ddbengine import _core
from ddbengine.engine import capacity
from ddbengine.engine.bodies import wire_item
from ddbengine.engine.context import Surroundings
from ddbengine.engine.keys import empty_key_message, is_empty_key
from ddbengine.errors import TransactionCanceledException, ValidationException
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import ReadTxn


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an action cancels its transaction."""

    code: str
    message: str
    item: bytes | None = None
    """The stored item, where ReturnValuesOnConditionCheckFailure asked for it."""

    def members(self) -> dict[str, Any]:
        """An element of CancellationReasons."""
        members: dict[str, Any] = {} if self.item is None else {"Item": wire_item(self.item)}
        return members | {"Code": self.code, "Message": self.message}


def invalid(error: ValidationException) -> Reason:
    """A fault in one action that is no fault of the whole request."""
    assert error.message is not None, "every ValidationException of ours says what is wrong"
    return Reason("ValidationError", error.message)


def cancelled(reasons: Sequence[Reason | None]) -> TransactionCanceledException:
    """The cancellation for these reasons, one for each action in order, None for those that are not at fault."""
    codes = ", ".join("None" if reason is None else reason.code for reason in reasons)
    return TransactionCanceledException(
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        {"CancellationReasons": [{"Code": "None"} if reason is None else reason.members() for reason in reasons]},
    )


class Action(Protocol):
    """One action of a transaction, checked as far as that needs no table."""

    @property
    def table_name(self) -> str:
        """As the request gives it: a name or an ARN."""
        ...

    def check(self, schema: TableSchema) -> None:
        """Raise ValidationException for what refuses the whole request."""
        ...

    def stored_key(self, schema: TableSchema) -> bytes:
        """The key its item is stored under; raise ValidationException for what is told as a reason."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """The item an action is about.  Either the key is known, or what is wrong with it."""

    schema: TableSchema
    key: bytes
    fault: Reason | None = None


def targets_of(surroundings: Surroundings, namespace: str, actions: Sequence[Action], txn: ReadTxn) -> Sequence[Target]:
    """The items of a transaction, in the order of its actions.

    Raise ResourceNotFoundException for a missing table, and ValidationException for what refuses the whole request.
    """
    names = dict.fromkeys(action.table_name for action in actions)
    schemas = {name: surroundings.catalog.table(txn, namespace, name) for name in names}
    for action in actions:
        action.check(schemas[action.table_name])
    targets = [_target(action, schemas[action.table_name]) for action in actions]
    keys = [target.key for target in targets if target.fault is None]
    if len(set(keys)) < len(keys):
        raise ValidationException("Transaction request cannot include multiple operations on one item")
    return targets


def _target(action: Action, schema: TableSchema) -> Target:
    try:
        return Target(schema, action.stored_key(schema))
    except ValidationException as error:
        return Target(schema, b"", invalid(error))


def refuse_empty_key(schema: TableSchema, value_of: Callable[[str], bytes | None]) -> None:
    """Refuse an empty value of one of the table's key attributes; values are looked up by attribute name."""
    for attribute in schema.key:
        if is_empty_key(attribute, value_of(attribute.name)):
            raise ValidationException(empty_key_message(attribute, None))


def encoded_size(attributes: Mapping[str, bytes]) -> int:
    """Bytes of attributes by DynamoDB's accounting, names included."""
    return sum(len(name.encode()) + _core.value_size(value) for name, value in attributes.items())


def consumed_by_reading(sizes: Iterable[int]) -> float:
    """Read capacity units of items of these sizes in bytes, 0 for a missing one, in a transaction (FACTS 6.4)."""
    return sum(capacity.TRANSACTION_RATE * capacity.read_units(size, consistent=True) for size in sizes)


class Ledger:
    """Consumed capacity by table, in the order in which the actions first name them."""

    def __init__(self) -> None:
        self._by_number: dict[int, tuple[str, capacity.Consumed]] = {}

    def of(self, action: Action, schema: TableSchema) -> capacity.Consumed:
        """What is consumed on an action's table.  A table is named in the report as its first action names it."""
        return self._by_number.setdefault(schema.number, (action.table_name, capacity.Consumed()))[1]

    def report(self, detail: str, split: str) -> list[dict[str, Any]]:
        """The ConsumedCapacity member; see ``capacity.Consumed.report``."""
        return [consumed.report(name, detail, split) for name, consumed in self._by_number.values()]


def report_of_reads(
    actions: Sequence[Action], targets: Sequence[Target], items: Sequence[bytes | memoryview | None], detail: str
) -> list[dict[str, Any]]:
    """The ConsumedCapacity of reading these items; of a transaction of writes that is told once more, too."""
    ledger = Ledger()
    for action, target, item in zip(actions, targets, items, strict=True):
        size = 0 if item is None else _core.item_size(item)
        ledger.of(action, target.schema).table += consumed_by_reading([size])
    return ledger.report(detail, capacity.READ_UNITS)
