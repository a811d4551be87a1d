"""The expressions of a request, legacy or not, read in the order in which the service finds fault (FACTS 3.5, 4.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

_VALUE_USERS = ("UpdateExpression", "ConditionExpression", "KeyConditionExpression", "FilterExpression")


def read_placeholders(request: Mapping[str, Any], members: tuple[str, ...], surface: Surface) -> Placeholders:
    """Names and values of a request whose expression members are ``members``; raise ValidationException."""
    names = request.get("ExpressionAttributeNames")
    values = request.get("ExpressionAttributeValues")
    if names is None and values is None:
        return Placeholders(None, None)
    if names is not None and not any(member in request for member in members):
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    if values is not None:
        _check_values_are_usable(request, members, surface)
    if names is not None:
        check_placeholder_names(names)
        surface.attribute_names(names.values())
    if values is None:
        return Placeholders(names, None)
    check_placeholder_values(values)
    return Placeholders(names, surface.expression_values(values))


def _check_values_are_usable(request: Mapping[str, Any], members: tuple[str, ...], surface: Surface) -> None:
    users = [member for member in members if member in _VALUE_USERS]
    if any(member in request for member in users):
        return
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
    """Expected, QueryFilter or ScanFilter with its ConditionalOperator."""
    conditions = request.get(member)
    operator = request.get("ConditionalOperator")
    if operator is not None and len(conditions or ()) < 2:
        raise ValidationException(
            "ConditionalOperator can only be used when Filter or Expected has two or more elements"
        )
    if not conditions:
        return None
    surface.attribute_names(conditions)
    return legacy_condition(conditions, operator, member, surface.value)


def read_attributes_to_get(request: Mapping[str, Any]) -> Projection | None:
    attributes = request.get("AttributesToGet")
    if attributes is None:
        return None
    CURRENT_READ.attribute_names(attributes)
    return legacy_projection(attributes)
