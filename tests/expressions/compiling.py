"""What tests of expressions share: compiling with wire values, and items in and out of stored form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions import (
    Condition,
    KeyCondition,
    Placeholders,
    Projection,
    Update,
    compile_condition,
    compile_key_condition,
    compile_projection,
    compile_update,
)
from tests.wire import Item, Value

Names = Mapping[str, str]
Values = Mapping[str, Value]


def encoded(item: Item) -> bytes:
    return _core.encode_item(item)[0]


def decoded(item: bytes) -> Item:
    wire: Item = json.loads(_core.item_to_wire(item))
    return wire


def placeholders(names: Names | None = None, values: Values | None = None) -> Placeholders:
    return Placeholders(names, {alias: _core.encode_value(value) for alias, value in (values or {}).items()})


def condition(text: str, values: Values | None = None, names: Names | None = None) -> Condition:
    return compile_condition(text, placeholders(names, values))


def key_condition(text: str, values: Values | None = None, names: Names | None = None) -> KeyCondition:
    return compile_key_condition(text, placeholders(names, values))


def projection(text: str, names: Names | None = None) -> Projection:
    return compile_projection(text, placeholders(names))


def update(text: str, values: Values | None = None, names: Names | None = None) -> Update:
    return compile_update(text, placeholders(names, values))


def updated(item: Item, text: str, values: Values | None = None, names: Names | None = None) -> Item:
    return decoded(update(text, values, names).apply(encoded(item), {}).item)


def refusal(run: Any, *arguments: Any, **options: Any) -> str:
    """The message of the ValidationException that a call must raise."""
    with pytest.raises(ValidationException) as caught:
        run(*arguments, **options)
    message = caught.value.message
    assert message is not None
    return message


def condition_fault(text: str, values: Values | None = None, names: Names | None = None) -> str:
    return refusal(condition, text, values, names).removeprefix("Invalid ConditionExpression: ")


def update_fault(text: str, values: Values | None = None, names: Names | None = None) -> str:
    return refusal(update, text, values, names).removeprefix("Invalid UpdateExpression: ")


def projection_fault(text: str, names: Names | None = None) -> str:
    return refusal(projection, text, names).removeprefix("Invalid ProjectionExpression: ")
