"""Engine.load and Engine.scan_all."""

from __future__ import annotations

from typing import Any

import pytest

import ddbengine
from ddbengine import exceptions
from tests.embedded.conftest import TABLE, key


def test_what_is_loaded_can_be_scanned(engine: ddbengine.Engine) -> None:
    items = [key(f"p{number % 7}", number) | {"b": {"B": "AAE="}} for number in range(3000)]
    assert engine.load(TABLE, iter(items)).items == 3000
    found = engine.scan_all(TABLE, Limit=100)
    assert sorted(found, key=lambda item: int(item["sk"]["N"])) == items


def test_a_scan_of_everything_takes_the_members_of_scan(engine: ddbengine.Engine) -> None:
    engine.load(TABLE, (key("p", number) for number in range(100)))
    values = {":least": {"N": "90"}}
    found: list[dict[str, Any]] = []
    for segment in range(3):
        found += engine.scan_all(
            TABLE,
            FilterExpression="sk >= :least",
            ExpressionAttributeValues=values,
            ProjectionExpression="sk",
            Segment=segment,
            TotalSegments=3,
        )
    assert sorted(int(item["sk"]["N"]) for item in found) == list(range(90, 100))


def test_an_item_that_cannot_be_put_is_named_by_its_place(engine: ddbengine.Engine) -> None:
    items = [key(), {"pk": {"S": "no sort key"}}, key("late")]
    with pytest.raises(exceptions.ItemRefused, match="item 2: ") as refused:
        engine.load(TABLE, items)
    assert (refused.value.ordinal, refused.value.error.code) == (2, "ValidationException")
    assert list(engine.scan_all(TABLE)) == [key()]
    told = []
    assert engine.load(TABLE, items, lambda ordinal, error: told.append((ordinal, error.code))).items == 2
    assert told == [(2, "ValidationException")]


def test_a_table_that_is_not_there_is_an_error_of_the_service(engine: ddbengine.Engine) -> None:
    with pytest.raises(exceptions.ResourceNotFoundException):
        engine.load("no-such-table", [key()])
    with pytest.raises(exceptions.ResourceNotFoundException):
        next(engine.scan_all("no-such-table"))
    with pytest.raises(exceptions.ParamValidationError, match="Filter"):
        next(engine.scan_all(TABLE, Filter="x"))
