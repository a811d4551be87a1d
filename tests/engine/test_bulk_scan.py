"""Reading whole tables and indexes page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.engine.bulk_load import load
from ddbengine.engine.bulk_scan import scan_all, scan_lines
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ResourceNotFoundException, ValidationException
from tests import strategies, tables
from tests.engine.calls import CALLER, Calls
from tests.wire import N, S


@pytest.fixture
def filled(engine: Calls) -> Calls:
    """A table of 300 items, of 3 MB."""
    engine.create(
        tables.table(sort="N", global_=[tables.global_index("by-genre", "genre", "sk", tables.including("year"))])
    )
    items = (
        {"pk": S(f"{number % 40}"), "sk": N(number), "genre": S("folk" if number % 3 else "jazz"), "x": S("x" * 10_000)}
        for number in range(300)
    )
    load(engine.engine, CALLER, "table", items)
    return engine


def scanned(calls: Calls, **request: Any) -> list[dict[str, Any]]:
    return list(scan_all(calls.engine, CALLER, {"TableName": "table", **request}))


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_global_index_is_read_with_all_that_was_written_before(in_memory: bool, tmp_path: Path) -> None:
    engine = open_engine(None if in_memory else tmp_path / "store", replicas=1)
    try:
        calls = Calls(engine)
        calls.create(tables.table(global_=[tables.global_index("by-g", "g")]))
        for number in range(20):
            calls.put("table", {"pk": S(f"{number}"), "g": S("x")})
            assert len(scanned(calls, IndexName="by-g")) == number + 1
    finally:
        engine.close()


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"ConsistentRead": True},
        {"Limit": 7},
        {"IndexName": "by-genre"},
        {"IndexName": "by-genre", "Limit": 1},
        {"ProjectionExpression": "pk, genre", "Limit": 50},
        {
            "FilterExpression": "genre = :g AND sk > :n",
            "ExpressionAttributeValues": {":g": S("folk"), ":n": N(100)},
            "Limit": 20,
        },
        {"Segment": 1, "TotalSegments": 3},
    ],
)
def test_all_pages_of_a_scan_come_one_after_another(request_: dict[str, Any], filled: Calls) -> None:
    expected = filled.items("Scan", TableName="table", **request_)
    assert len(expected) > 50
    assert scanned(filled, **request_) == expected
    lines = scan_lines(filled.engine, CALLER, {"TableName": "table", **request_})
    assert [orjson.loads(line) for page in lines for line in page] == expected


def test_segments_together_are_the_whole_table(filled: Calls) -> None:
    segments = [scanned(filled, Segment=number, TotalSegments=4) for number in range(4)]
    assert [item for segment in segments for item in segment] == scanned(filled)


def test_no_snapshot_is_open_between_items(filled: Calls) -> None:
    items = scan_all(filled.engine, CALLER, {"TableName": "table"})
    next(items)
    filled.put("table", {"pk": S("new"), "sk": N(1)})  # an open snapshot would stand in the way of a growing map
    assert len(list(items)) in (299, 300)


def test_a_page_is_one_snapshot_of_at_most_a_megabyte(filled: Calls) -> None:
    pages = [len(page) for page in scan_lines(filled.engine, CALLER, {"TableName": "table"})]
    assert len(pages) == 3
    assert max(pages) <= 105


def test_an_empty_table_has_no_items(engine: Calls) -> None:
    engine.create(tables.table())
    assert scanned(engine) == []


def test_a_bad_request_is_refused_in_the_words_of_scan(engine: Calls) -> None:
    with pytest.raises(ResourceNotFoundException):
        scanned(engine)
    engine.create(tables.table())
    with pytest.raises(ValidationException, match="does not have the specified index"):
        scanned(engine, IndexName="nothing")
    with pytest.raises(ValidationException, match="Invalid FilterExpression"):
        scanned(engine, FilterExpression="=")


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), strategies.wire_items, max_size=15))
def test_what_is_loaded_is_scanned_as_get_item_reads_it(rows: dict[str, dict[str, Any]]) -> None:
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        calls.create(tables.table())
        load(engine, CALLER, "table", ({**item, "pk": S(key)} for key, item in rows.items()))
        found = {item["pk"]["S"]: item for item in scanned(calls, Limit=2)}
        assert found == {key: calls.get("table", pk=S(key)) for key in rows}
    finally:
        engine.close()
