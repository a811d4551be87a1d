"""The expressions of a request, legacy or not, read in the order in which the service finds fault (FACTS 3.5, 4.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from functools import lru_cache
from typing import Any

from ddbengine import _core
from ddbengine.engine.values import CURRENT_READ, Surface
from ddbengine.errors import ValidationException
from ddbengine.expressions import (
    Condition,
    Placeholders,
    Projection,
    check_placeholder_names,
    check_placeholder_values,
    compile_condition,
    compile_projection,
    legacy_condition,
    legacy_projection,
)
from ddbengine.limits import ATTRIBUTE_NAME_MAX_BYTES, SUBSTITUTIONS_MAX_BYTES

_NAMES_WITHIN_LIMIT = SUBSTITUTIONS_MAX_BYTES // (ATTRIBUTE_NAME_MAX_BYTES + 1) - 1
"""No more names than this can be too large together."""
_ENCODED_WITHIN_LIMIT = SUBSTITUTIONS_MAX_BYTES // 5
"""No more bytes of encoded values than this: each byte of the stored form stands for at most four of a value's size
(an empty list in a list), and some more are left for the aliases."""
SMALL_VALUES_WITHIN_LIMIT = _ENCODED_WITHIN_LIMIT // ATTRIBUTE_NAME_MAX_BYTES
"""No more values than this can be too large together when each is no longer than a name may be."""
_MEMORABLE_ALIASES = 8
"""More of them are checked each time, so that a client cannot fill the cache with megabytes."""
_VALUE_USERS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "SearchConditionExpression",
)


def read_placeholders(request: Mapping[str, Any], members: tuple[str, ...], surface: Surface) -> Placeholders:
    """Names and values of a request whose expression members are ``members``; raise ValidationException."""
    names = request.get("ExpressionAttributeNames")
    values = request.get("ExpressionAttributeValues")
    if names is None and values is None:
        return Placeholders(None, None)
    if surface.placeholders_need_expression and _value_users(members).isdisjoint(request):
        _check_are_usable(request, members, surface)
    if names is not None:
        check_placeholder_names(names)
        surface.attribute_names(names.values())
    if values is None:
        _check_size(names or {}, {})
        return Placeholders(names, None)
    if len(values) > _MEMORABLE_ALIASES:
        check_placeholder_values(values)
    else:
        _check_aliases_of_values(tuple(values))
    encoded = _core.encode_values(values, ATTRIBUTE_NAME_MAX_BYTES, surface.expression_value_levels)
    if encoded is None or names is not None or len(encoded) > SMALL_VALUES_WITHIN_LIMIT:
        encoded = encoded or surface.expression_values(values)
        _check_size(names or {}, encoded)
    return Placeholders(names, encoded)


def read_values_again(values: dict[str, Any], aliases: tuple[str, ...], surface: Surface) -> Mapping[str, bytes] | None:
    """The values of a request like one that was read before, names and aliases included, of which there are no more
    than SMALL_VALUES_WITHIN_LIMIT; None when more is to be said about them, or may be."""
    if tuple(values) != aliases:
        return None
    return _core.encode_values(values, ATTRIBUTE_NAME_MAX_BYTES, surface.expression_value_levels)


@lru_cache(maxsize=64)
def _value_users(members: tuple[str, ...]) -> frozenset[str]:
    """Those of an operation's expression members that can use values, and names anyway."""
    return frozenset(members).intersection(_VALUE_USERS)


@lru_cache(maxsize=4096)
def _check_aliases_of_values(aliases: tuple[str, ...]) -> None:
    """Requests repeat their aliases; the cache remembers only sound ones."""
    check_placeholder_values(dict.fromkeys(aliases))


def _check_size(names: Mapping[str, str], values: Mapping[str, bytes]) -> None:
    """Refuse more than 2 MB of names and values; each counts with its alias (FACTS 4.2)."""
    if len(names) <= _NAMES_WITHIN_LIMIT and sum(map(len, values.values())) <= _ENCODED_WITHIN_LIMIT:
        return
    of_names = sum(len(alias) + len(name.encode()) for alias, name in names.items())
    of_values = sum(len(alias) + _core.value_size(value) for alias, value in values.items())
    for size, what in (
        (of_names, "ExpressionAttributeNames"),
        (of_values, "ExpressionAttributeValues"),
        (of_names + of_values, "Combined size of ExpressionAttributeNames and ExpressionAttributeValues"),
    ):
        if size > SUBSTITUTIONS_MAX_BYTES:
            raise ValidationException(f"{what} exceeds max size")


def _check_are_usable(request: Mapping[str, Any], members: tuple[str, ...], surface: Surface) -> None:
    """Refuse names where there is no expression, and values where there is none that can use them (FACTS 4.1)."""
    if "ExpressionAttributeNames" in request and not any(member in request for member in members):
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    if "ExpressionAttributeValues" not in request:
        return
    for member in members:
        if member in request and member in _VALUE_USERS:
            return
    users = [member for member in members if member in _VALUE_USERS]
    message = "ExpressionAttributeValues can only be specified when using expressions"
    if not surface.current:
        verb = "are" if len(users) > 1 else "is"
        message += f": {' and '.join(users)} {verb} null"
    raise ValidationException(message)


def read_condition(request: Mapping[str, Any], placeholders: Placeholders) -> Condition | None:
    text = request.get("ConditionExpression")
    return None if text is None else compile_condition(text, placeholders)


def read_filter(request: Mapping[str, Any], placeholders: Placeholders) -> Condition | None:
    text = request.get("FilterExpression")
    return None if text is None else compile_condition(text, placeholders, "FilterExpression")


def read_projection(request: Mapping[str, Any], placeholders: Placeholders) -> Projection | None:
    text = request.get("ProjectionExpression")
    return None if text is None else compile_projection(text, placeholders)


def read_legacy_condition(request: Mapping[str, Any], member: str, surface: Surface) -> Condition | None:
    """Expected, QueryFilter or ScanFilter with its ConditionalOperator.

    The older layer looks at the conditions before it counts them, the newer one afterwards (FACTS 4.8).
    """
    if member not in request and "ConditionalOperator" not in request:
        return None
    conditions = request.get(member) or {}
    operator = request.get("ConditionalOperator")
    if surface.current:
        _check_has_two_to_join(operator, conditions)
    condition = None
    if conditions:
        surface.attribute_names(conditions)
        condition = legacy_condition(conditions, operator, member, surface.value)
    if not surface.current:
        _check_has_two_to_join(operator, conditions)
    return condition


def _check_has_two_to_join(operator: str | None, conditions: Sized) -> None:
    if operator is not None and not conditions:
        raise ValidationException("ConditionalOperator cannot be used without Filter or Expected")
    if operator is not None and len(conditions) < 2:
        raise ValidationException(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )


def read_attributes_to_get(request: Mapping[str, Any]) -> Projection | None:
    attributes = request.get("AttributesToGet")
    if attributes is None:
        return None
    CURRENT_READ.attribute_names(attributes)
    return legacy_projection(attributes)
