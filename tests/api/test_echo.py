"""Values inside the older layer's messages."""

from __future__ import annotations

from typing import Any

import pytest

from ddbengine.api.echo import as_java, as_json, lower_first
from ddbengine.api.model import load

ELEMENT = {"AttributeName": "pk", "KeyType": "HASH"}


@pytest.mark.parametrize(
    ("value", "shape", "printed"),
    [
        ("a", "TableName", "a"),
        (-1, "PositiveIntegerObject", "-1"),
        (True, "BooleanObject", "true"),
        ([], "KeySchema", "[]"),
        (["a", "b"], "AttributeNameList", "[a, b]"),
        ([ELEMENT], "KeySchema", "[KeySchemaElement(attributeName=pk, keyType=HASH)]"),
        ([{}], "KeySchema", "[KeySchemaElement(attributeName=null, keyType=null)]"),
        ({}, "ExpressionAttributeNameMap", "{}"),
        ({"#a": "a", "#b": "b"}, "ExpressionAttributeNameMap", "{#a=a, #b=b}"),
    ],
)
def test_values_are_printed_as_java_prints_them(value: Any, shape: str, printed: str) -> None:
    assert as_java(value, shape, load()) == printed


def test_batch_get_item_prints_compact_json() -> None:
    value = {"bad!name": {"Keys": [{"pk": {"S": "a"}}]}}
    assert as_json(value, "BatchGetRequestMap", load()) == '{"bad!name":{"Keys":[{"pk":{"S":"a"}}]}}'
    assert as_json("hi", "ReturnConsumedCapacity", load()) == "hi"


def test_what_is_too_deep_or_too_long_is_cut() -> None:
    value: Any = {"S": "leaf"}
    for _ in range(400):
        value = {"M": {"a": value}}
    keys = {"abc": {"Keys": [{"pk": value}]}}
    assert "..." in as_json(keys, "BatchGetRequestMap", load())
    assert "leaf" not in as_java(keys, "BatchGetRequestMap", load())
    many = as_java([ELEMENT] * 10**6, "KeySchema", load())
    assert many.endswith("...")
    assert len(many) < 2**20 + 100


def test_only_the_first_letter_is_lowered() -> None:
    assert lower_first("SSESpecification") == "sSESpecification"
