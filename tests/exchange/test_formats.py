"""DynamoDB JSON lines and CSV: what a line becomes, and what is said of one that is no item."""

from __future__ import annotations

import io
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.exchange import lines
from ddbengine.exchange.csv_items import CsvFormat, row_of
from ddbengine.exchange.exporting import csv_header, csv_writer
from ddbengine.exchange.json_lines import line_of, read_items
from tests import strategies
from tests.wire import BS, L, M, N, S

Record = tuple[int, Any, str]


def json_records(text: str | bytes, skip: int = 0) -> list[Record]:
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return [(record.line, record.item, record.problem) for record in read_items(stream, skip)]


def csv_records(text: str | bytes, skip: int = 0, **format_: Any) -> list[Record]:
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return [(record.line, record.item, record.problem) for record in CsvFormat(**format_).read(stream, skip)]


# --- DynamoDB JSON ----------------------------------------------------------------------------------------------------


def test_items_are_read_bare_and_wrapped_with_their_lines() -> None:
    text = '\ufeff{"Item": {"pk": {"S": "a"}}}\r\n\n   \n{"pk": {"S": "b"}, "Item": {"S": "x"}}\n{"pk":{"S":"c"}}'
    assert json_records(text) == [
        (1, {"pk": S("a")}, ""),
        (4, {"pk": S("b"), "Item": S("x")}, ""),
        (5, {"pk": S("c")}, ""),
    ]


def test_a_bare_item_whose_only_attribute_is_called_item_is_not_taken_for_a_wrapped_one() -> None:
    assert json_records('{"Item": {"S": "x"}}') == [(1, {"Item": S("x")}, "")]
    assert json_records('{"Item": {"S": {"S": "x"}}}') == [(1, {"S": S("x")}, "")]


@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=5), strategies.wire_values, min_size=1), max_size=5))
def test_written_lines_are_read_as_they_were(items: list[dict[str, Any]]) -> None:
    text = b"".join(line_of(orjson.dumps(item)) for item in items)
    assert [item for _, item, _ in json_records(text)] == items


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"pk": ', "is not JSON: "),
        ("[1]", "is no item: a JSON object is needed on each line"),
        ("null", "is no item: a JSON object is needed on each line"),
        (
            '{"Metadata": {}, "Keys": {}, "NewImage": {}}',
            "is a change of an incremental export, which only says what happened to an item",
        ),
        ('{"pk": {"S": "\\ud800"}}', "is not JSON: "),
    ],
)
def test_a_line_that_is_no_item_is_told_and_the_next_one_is_read(line: str, problem: str) -> None:
    first, second = json_records(line + '\n{"pk": {"S": "a"}}\n')
    assert first[:2] == (1, None)
    assert first[2].startswith(problem)
    assert second == (2, {"pk": S("a")}, "")


def test_a_file_without_lines_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LINE_MAX_BYTES", 100)
    [(line, item, problem)] = json_records("x" * 1000)
    assert (line, item, problem) == (1, None, "the line is longer than 100 bytes")


def test_lines_up_to_where_an_import_was_are_passed_over() -> None:
    assert json_records('oops\n{"pk":{"S":"b"}}\n{"pk":{"S":"c"}}\n', skip=2) == [(3, {"pk": S("c")}, "")]


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_keys_have_the_types_of_the_table_and_the_rest_are_strings() -> None:
    text = "\ufeffpk,sk,genre,year,note\r\na,1,folk,1990,\r\nb,2,,x,y\r\n"
    records = csv_records(text, key_types={"pk": "S", "sk": "N", "genre": "S"})
    assert records == [
        (2, {"pk": S("a"), "sk": N(1), "genre": S("folk"), "year": S("1990"), "note": S("")}, ""),
        (3, {"pk": S("b"), "sk": N(2), "year": S("x"), "note": S("y")}, ""),
    ]


def test_types_can_be_named() -> None:
    text = 'n,flag,gone,list,map,set,bin\n 7 ,TRUE,true,"[{""N"":""1""}]","{""a"":{""S"":""x""}}","[""eA==""]",eA==\n'
    types = {"n": "N", "flag": "BOOL", "gone": "NULL", "list": "L", "map": "M", "set": "BS", "bin": "B"}
    [(_, item, _)] = csv_records(text, types=types)
    assert item == {
        "n": N(7),
        "flag": {"BOOL": True},
        "gone": {"NULL": True},
        "list": L(N(1)),
        "map": M(a=S("x")),
        "set": BS(b"x"),
        "bin": {"B": "eA=="},
    }


def test_a_header_can_be_given_and_then_the_first_row_is_an_item() -> None:
    assert csv_records("a\tb c\n", header=["pk", "x"], delimiter="\t") == [(1, {"pk": S("a"), "x": S("b c")}, "")]


def test_a_quoted_field_may_have_lines_and_rows_keep_their_numbers() -> None:
    text = 'pk,x\n"a\nb","say ""hi"""\nc,d\n'
    assert csv_records(text) == [(2, {"pk": S("a\nb"), "x": S('say "hi"')}, ""), (4, {"pk": S("c"), "x": S("d")}, "")]
    assert [line for line, _, _ in csv_records(text, skip=2)] == [4]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('"1"23,x', "is not CSV: ',' expected after '\"'"),
        ("1", "has 1 fields where the header has 2"),
        ("1,2,3", "has 3 fields where the header has 2"),
        ("1,yes", "flag: true or false is needed, not 'yes'"),
    ],
)
def test_a_row_that_is_no_item_is_told_and_the_next_one_is_read(row: str, problem: str) -> None:
    records = csv_records(f"pk,flag\n{row}\na,true\n", types={"flag": "BOOL"})
    assert records == [(2, None, problem), (3, {"pk": S("a"), "flag": {"BOOL": True}}, "")]


def test_json_that_is_none_is_told() -> None:
    assert csv_records("pk,l\na,[\n", types={"l": "L"}) == [(2, None, "l: the JSON of a L is needed, not '['")]


@pytest.mark.parametrize(
    ("header", "problem"),
    [("pk,,x", "the header has a column without a name"), ("pk,pk", "the header has 'pk' twice")],
)
def test_a_header_that_cannot_be_one_ends_the_file(header: str, problem: str) -> None:
    assert csv_records(f"{header}\n1,2\n") == [(1, None, problem)]


def test_a_field_may_be_as_large_as_an_item() -> None:
    [(_, item, _)] = csv_records("pk,x\na," + "x" * 409_600 + "\n")
    assert len(item["x"]["S"]) == 409_600


def test_columns_are_written_in_the_order_asked_for() -> None:
    item = {"b": {"BOOL": False}, "n": N("1.50"), "l": L(S("x")), "pk": S("a,b"), "other": S("x")}
    assert row_of(item, ["pk", "n", "none", "b", "l"]) == ["a,b", "1.50", "", "false", '[{"S":"x"}]']
    assert csv_writer(["pk", "n"], ";")([orjson.dumps(item)]) == b"a,b;1.50\n"


typed = {
    "s": strategies.texts.filter(lambda text: "\x00" not in text).map(S),  # which Python 3.10 cannot read from CSV
    "n": strategies.numbers,
    "b": strategies.base64_texts.map(lambda text: {"B": text}),
    "flag": st.booleans().map(lambda value: {"BOOL": value}),
    "set": strategies.number_sets,
    "list": st.lists(strategies.scalars, max_size=3).map(lambda elements: {"L": elements}),
}


@given(st.lists(st.fixed_dictionaries(typed), max_size=4), st.sampled_from(",;:|\t "))
def test_items_come_back_through_csv_when_their_types_are_named(items: list[dict[str, Any]], delimiter: str) -> None:
    columns = list(typed)
    text = csv_header(columns, delimiter) + csv_writer(columns, delimiter)([orjson.dumps(item) for item in items])
    types = {"n": "N", "b": "B", "flag": "BOOL", "set": "NS", "list": "L"}
    back = [(item, problem) for _, item, problem in csv_records(text, types=types, delimiter=delimiter)]
    # An empty field of another type than string is no attribute.
    expected = [{name: value for name, value in item.items() if value != {"B": ""}} for item in items]
    assert back == [(item, "") for item in expected], json.dumps(items)
