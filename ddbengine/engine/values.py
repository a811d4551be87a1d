"""From wire values to encoded ones, and the words for what is wrong with a value.

The service words a bad value by operation (FACTS 0, 2.1, 2.2): its newer validation layer answers some operations, its
older one the rest, and three of the newer ones put an envelope around the message.  A ``Surface`` says which.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ddbengine import _core
from ddbengine.errors import ValidationException, enveloped
from ddbengine.limits import ATTRIBUTE_NAME_MAX_BYTES, NESTING_MAX_LEVELS, TRANSACTION_VALUE_MAX_LEVELS

T = TypeVar("T")

_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Surface:
    """How one operation words a bad value."""

    current: bool
    """The newer layer's wording."""
    enveloped: bool = False
    """Preceded by ``1 validation error detected: ``."""
    expression_value_levels: int = NESTING_MAX_LEVELS
    """How deep the values of expressions may be."""
    placeholders_need_expression: bool = True
    """Whether names and values of a request without an expression are refused."""

    def error(self, message: str) -> ValidationException:
        error = ValidationException(message)
        return enveloped(error) if self.enveloped else error

    def checked(self, check: Callable[..., T], *arguments: Any) -> T:
        """Run a check whose errors are bare, and put them in this surface's envelope if it has one."""
        try:
            return check(*arguments)
        except ValidationException as error:
            raise (enveloped(error) if self.enveloped else error) from None

    def fault(self, fault: _core.ValueFault) -> ValidationException:
        message = value_message(fault, self.current)
        return ValidationException(message) if fault.kind in _BARE_KINDS else self.error(message)

    def value(self, wire: dict[str, Any]) -> bytes:
        """Encode one wire value or raise ValidationException."""
        try:
            encoded = _core.encode_value(wire)
        except _core.ValueFault as fault:
            raise self.fault(fault) from None
        if len(encoded) > ATTRIBUTE_NAME_MAX_BYTES and _has_long_name(wire):
            raise self.error(_NAME_TOO_LARGE)
        return encoded

    def item(self, wire: dict[str, Any]) -> tuple[bytes, int]:
        """Encode a wire item; (stored item, size in bytes) or raise ValidationException."""
        try:
            item, size = _core.encode_item(wire)
        except _core.ValueFault as fault:
            raise self.fault(fault) from None
        if size > ATTRIBUTE_NAME_MAX_BYTES and _has_long_name({"M": wire}):
            raise self.error(_NAME_TOO_LARGE)
        return item, size

    def attribute_names(self, names: Iterable[str]) -> None:
        """Refuse names that no attribute can have."""
        for name in names:
            if not name:
                raise self.error(_PLAIN_MESSAGES["empty_name"])
            if _is_long(name):
                raise self.error(_NAME_TOO_LARGE)

    def attributes(self, wire: dict[str, dict[str, Any]]) -> dict[str, bytes]:
        """Encode each value of a key or a start key."""
        encoded = _core.encode_values(wire, ATTRIBUTE_NAME_MAX_BYTES)
        return encoded if encoded is not None else self._doubtful_attributes(wire)

    def _doubtful_attributes(self, wire: Mapping[str, dict[str, Any]]) -> dict[str, bytes]:
        encoded = {}
        try:
            for name, value in wire.items():
                encoded[name] = one = _core.encode_value(value)
                if len(one) > ATTRIBUTE_NAME_MAX_BYTES and _has_long_name(value):
                    raise self.error(_NAME_TOO_LARGE)
        except _core.ValueFault as fault:
            raise self.fault(fault) from None
        return encoded

    def start_key(self, wire: Mapping[str, dict[str, Any]]) -> dict[str, bytes]:
        """Encode ExclusiveStartKey: most faults are told as a bad start key, those of numbers and duplicates as they
        are (FACTS 5.6)."""
        encoded = {}
        for name, value in wire.items():
            try:
                encoded[name] = _core.encode_value(value)
            except _core.ValueFault as fault:
                message = value_message(fault, self.current)
                own_words = fault.kind.startswith("number_") or fault.kind.endswith("_duplicates")
                raise ValidationException(
                    message if own_words else f"The provided starting key is invalid: {message}"
                ) from None
        return encoded

    def expression_values(self, wire: Mapping[str, dict[str, Any]]) -> dict[str, bytes]:
        """Encode ExpressionAttributeValues; the older layer names the placeholder of a bad one."""
        encoded = {}
        for name, value in wire.items():
            try:
                encoded[name] = _core.encode_value(value, self.expression_value_levels)
            except _core.ValueFault as fault:
                if self.current:
                    raise self.fault(fault) from None
                raise _bad_expression_value(value_message(fault, current=False), name) from None
            if len(encoded[name]) > ATTRIBUTE_NAME_MAX_BYTES and _has_long_name(value):
                raise self.error(_NAME_TOO_LARGE) if self.current else _bad_expression_value(_NAME_TOO_LARGE, name)
        return encoded


SINGLE_WRITE = Surface(current=True, enveloped=True)
"""PutItem, UpdateItem, DeleteItem."""
CURRENT_READ = Surface(current=True)
"""GetItem, BatchGetItem, Query."""
OLDER = Surface(current=False)
"""Scan, BatchWriteItem."""
TRANSACTION = Surface(
    current=False, expression_value_levels=TRANSACTION_VALUE_MAX_LEVELS, placeholders_need_expression=False
)
"""TransactWriteItems, TransactGetItems."""

_BARE_KINDS = frozenset({"no_type", "many_types"})
"""Not among what FACTS 3.6 lists as enveloped."""

_INVALID = "One or more parameter values were invalid: "
_PLAIN_MESSAGES = {
    "number_overflow": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "number_underflow": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    "number_precision": "Attempting to store more than 38 significant digits in a Number",
    "SS_empty": _INVALID + "An string set  may not be empty",
    "NS_empty": _INVALID + "An number set  may not be empty",
    "BS_empty": _INVALID + "Binary sets should not be empty",
    "SS_null": _INVALID + "An string set may not have a null string as a member",
    "BS_null": "The supplied Item contains a null AttributeValue",
    "no_type": "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    "many_types": "Supplied AttributeValue has more than one datatypes set, "
    "must contain exactly one of the supported datatypes",
    "null_false": _INVALID + "Null attribute value types must have the value of true",
    "empty_name": "Empty attribute name",
    "nesting": "Nesting Levels have exceeded supported limits: "
    "Attributes in the item have nested levels beyond supported limit",
}


_NAME_TOO_LARGE = f"Attribute name is too large, must be less than {ATTRIBUTE_NAME_MAX_BYTES + 1} bytes"


def _bad_expression_value(message: str, placeholder: str) -> ValidationException:
    return ValidationException(f"ExpressionAttributeValues contains invalid value: {message} for key {placeholder}")


def _has_long_name(wire: Mapping[str, Any]) -> bool:
    """Whether some map within a wire value has a key that is too long for an attribute name."""
    waiting = [wire]
    while waiting:
        value = waiting.pop()
        entries = value.get("M", {})
        if any(map(_is_long, entries)):
            return True
        waiting += entries.values()
        waiting += value.get("L", ())
    return False


def _is_long(name: str) -> bool:
    may_be = len(name) * 4 > ATTRIBUTE_NAME_MAX_BYTES  # a character is at most 4 bytes
    return may_be and len(name.encode()) > ATTRIBUTE_NAME_MAX_BYTES


def value_message(fault: _core.ValueFault, current: bool) -> str:
    """The service's sentence for a fault, in the newer or the older wording (FACTS 2.1 to 2.3, 2.5)."""
    kind = fault.kind
    if kind in ("SS_duplicates", "BS_duplicates", "NS_duplicates"):
        return _duplicates_message(kind[:2], fault.detail, current)
    if kind == "number_format":
        return _not_numeric(fault.detail, current)
    if not current and kind in ("number_overflow", "number_underflow"):
        kind = _older_range_kind(kind, fault.detail)
        if kind == "number_format":
            return _not_numeric(fault.detail, current)
    return _PLAIN_MESSAGES[kind]


def _not_numeric(text: str, current: bool) -> str:
    message = "The parameter cannot be converted to a numeric value"
    return f"{message}: {text}" if text or current else message


_NUMBER = re.compile(r"[+-]?(\d*)\.?(\d*)(?:[eE]([+-]?)0*(\d+))?$")
_INT32_DIGITS = 10


def _older_range_kind(kind: str, text: str) -> str:
    """The older layer keeps exponents in 32 bits: beyond them a number is not numeric, and just inside, the sum of
    exponent and digits wraps around, which turns an overflow into an underflow."""
    parts = _NUMBER.match(text)
    if parts is None or parts[4] is None:
        return kind
    if len(parts[4]) > _INT32_DIGITS or int(parts[4]) > _INT32_MAX:
        return "number_format"
    exponent = int(parts[3] + parts[4])
    digits = len((parts[1] + parts[2]).lstrip("0"))
    if exponent - len(parts[2]) + digits > _INT32_MAX:
        return "number_underflow"
    return kind


def _duplicates_message(set_type: str, members: list[str], current: bool) -> str:
    if set_type == "NS":
        return f"{_INVALID}Input collection contains duplicates." if current else "Input collection contains duplicates"
    suffix = "of type BS contains duplicates." if set_type == "BS" else " contains duplicates."
    if not current:
        return f"{_INVALID}Input collection [{', '.join(members)}]{suffix}"
    separator = "," if set_type == "BS" else ", "
    echo = separator.join(f'"{member}"' for member in _current_echo(members, set_type))
    return f"{_INVALID}Input collection [{echo}]{suffix}"


def _current_echo(members: list[str], set_type: str) -> list[str]:
    """The members up to the first repeat in byte order, then the repeated member, then the rest as sent."""
    raw_bytes = b64decode if set_type == "BS" else str.encode
    seen: set[str] = set()
    for position, member in enumerate(members):
        if member in seen:
            return [*sorted(seen, key=raw_bytes), member, *members[position + 1 :]]
        seen.add(member)
    raise AssertionError("a duplicates fault without a repeated member")
