"""Attribute values as a client writes them."""

from __future__ import annotations

import base64
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]


def S(text: str) -> Value:
    return {"S": text}


def N(number: int | str) -> Value:
    return {"N": str(number)}


def B(raw: bytes) -> Value:
    return {"B": base64.b64encode(raw).decode()}


def L(*elements: Value) -> Value:
    return {"L": list(elements)}


def M(**entries: Value) -> Value:
    return {"M": entries}


def SS(*members: str) -> Value:
    return {"SS": list(members)}


def NS(*members: int | str) -> Value:
    return {"NS": [str(member) for member in members]}


def BS(*members: bytes) -> Value:
    return {"BS": [base64.b64encode(member).decode() for member in members]}


def placeholders(**values: Value) -> dict[str, Value]:
    """ExpressionAttributeValues: ``placeholders(v=S("x"))`` is ``{":v": {"S": "x"}}``."""
    return {f":{name}": value for name, value in values.items()}
