"""What a Python program may pass for DynamoDB JSON, and what is made of it."""

from __future__ import annotations

from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from tests.embedded.conftest import TABLE, definition, key


class Text(str):
    """Text of a program's own type."""


def stored(engine: ddbengine.Engine) -> Any:
    return engine.get_item(TableName=TABLE, Key=key())["Item"]["x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"B": b"\x00\x01"}, {"B": "AAE="}),
        ({"B": bytearray(b"\x00\x01")}, {"B": "AAE="}),
        ({"BS": [b"a", b"b"]}, {"BS": ["YQ==", "Yg=="]}),
        ({"L": ({"S": "a"}, {"M": OrderedDict(b={"B": b""})})}, {"L": [{"S": "a"}, {"M": {"b": {"B": ""}}}]}),
        (MappingProxyType({"S": "a"}), {"S": "a"}),
        ({"S": Text("a")}, {"S": "a"}),
    ],
)
def test_what_is_no_json_is_taken_as_boto3_takes_it(engine: ddbengine.Engine, value: Any, expected: Any) -> None:
    engine.put_item(TableName=TABLE, Item=key() | {"x": value})
    assert stored(engine) == expected


def test_an_answer_can_be_put_back_as_it_is(engine: ddbengine.Engine) -> None:
    item = key() | {"x": {"M": {"b": {"BS": ["AA==", "AAE="]}, "n": {"NS": ["1", "2"]}, "t": {"BOOL": False}}}}
    engine.put_item(TableName=TABLE, Item=item)
    engine.put_item(TableName=TABLE, Item=engine.get_item(TableName=TABLE, Key=key())["Item"])
    assert engine.get_item(TableName=TABLE, Key=key())["Item"] == item


def test_a_request_is_never_changed(engine: ddbengine.Engine) -> None:
    request: dict[str, Any] = {"TableName": TABLE, "Item": key() | {"x": {"L": ({"B": b"\x00"},)}}}
    engine.put_item(**request)
    assert request == {"TableName": TABLE, "Item": key() | {"x": {"L": ({"B": b"\x00"},)}}}


def test_text_that_is_no_unicode_is_refused_as_by_the_service(engine: ddbengine.Engine) -> None:
    for item in (key("\ud800"), key() | {"\ud800": {"S": "x"}}, key() | {"b": {"B": b""}, "x": {"S": "\ud800"}}):
        with pytest.raises(exceptions.SerializationException):
            engine.put_item(TableName=TABLE, Item=item)
    with pytest.raises(exceptions.SerializationException):
        engine.get_item(TableName="\ud800ab", Key=key())
    with pytest.raises(exceptions.SerializationException):
        engine.get_item(TableName=TABLE, Key=key(), ProjectionExpression="\ud800")
    assert engine.scan(TableName=TABLE)["Count"] == 0


def test_a_bottomless_value_is_refused_as_by_the_service(engine: ddbengine.Engine) -> None:
    value: dict[str, Any] = {"L": []}
    value["L"].append(value)
    with pytest.raises(exceptions.SerializationException):
        engine.put_item(TableName=TABLE, Item=key() | {"x": value})
    deep: dict[str, Any] = {"S": "x"}
    for _ in range(33):
        deep = {"L": [deep]}
    with pytest.raises(exceptions.ValidationException, match="Nesting Levels have exceeded"):
        engine.put_item(TableName=TABLE, Item=key() | {"x": deep})


def test_arguments_are_passed_by_name_only(engine: ddbengine.Engine) -> None:
    with pytest.raises(TypeError):
        engine.list_tables("orders")  # type: ignore[call-arg]
    with pytest.raises(exceptions.ParamValidationError, match="TableNam"):
        engine.describe_table(TableNam=TABLE)  # type: ignore[call-arg]
    with pytest.raises(exceptions.ParamValidationError, match="Invalid type"):
        engine.describe_table(TableName=1)  # type: ignore[arg-type]


def test_an_operation_without_members_needs_none(engine: ddbengine.Engine) -> None:
    assert engine.list_tables() == {"TableNames": [TABLE]}
    assert engine.describe_limits()["AccountMaxReadCapacityUnits"] == 80_000
    assert engine.describe_endpoints()["Endpoints"]


def test_times_are_seconds_since_the_epoch() -> None:
    with ddbengine.open(clock=lambda: 1_790_000_000.25) as engine:
        description = engine.create_table(**definition())["TableDescription"]
        assert description["CreationDateTime"] == 1_790_000_000.25
