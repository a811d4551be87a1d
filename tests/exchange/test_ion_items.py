"""Amazon Ion text, as the service's exports and its import have it."""

from __future__ import annotations

import io
from base64 import b64decode
from decimal import Decimal
from typing import Any

import pytest
from amazon.ion import simpleion
from amazon.ion.core import IonType
from amazon.ion.simple_types import IonPyList
from hypothesis import given, settings

from ddbengine.exchange.ion_items import ion_reader
from ddbengine.exchange.records import SourceError
from tests import strategies
from tests.core import model
from tests.strategies import Wire


def read(*lines: str, skip: int = 0) -> list[tuple[int, Any, str]]:
    stream = io.BytesIO("".join(f"{line}\n" for line in lines).encode())
    return [(record.line, record.item, record.problem) for record in ion_reader()(stream, skip)]


def test_an_item_of_the_guide_is_read() -> None:
    line = (
        '$ion_1_0 {Item:{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",Id:103.,'
        'InPublication:false,PageCount:6d2,Price:2d3,Title:"Book 103 Title",'
        "Data:{{AAE=}},None:null,'a b':[1,{x:-0.5}]}}"
    )
    assert read(line) == [
        (
            1,
            {
                "Authors": {"SS": ["Author1", "Author2"]},
                "Dimensions": {"S": "8.5 x 11.0 x 1.5"},
                "Id": {"N": "103"},
                "InPublication": {"BOOL": False},
                "PageCount": {"N": "6E+2"},
                "Price": {"N": "2E+3"},
                "Title": {"S": "Book 103 Title"},
                "Data": {"B": "AAE="},
                "None": {"NULL": True},
                "a b": {"L": [{"N": "1"}, {"M": {"x": {"N": "-0.5"}}}]},
            },
            "",
        )
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{Item:{", "is not an Ion value"),
        ("{Item:{a:1}} {Item:{a:1}}", "is not an Ion value"),
        ('{"Item":[1]}', "is no item: Ion like {Item:{...}} is needed on each line"),
        ("{a:1}", "is no item"),
        ("7", "is no item"),
        ("$ion_1_0", "is no item"),
        ("null.struct", "is no item"),
        ("{Item:null}", "is no item"),
        ("{Item:{a:1e0}}", "has a value of the Ion type float, which DynamoDB does not have"),
        ("{Item:{a:[2020-01-01T]}}", "has a value of the Ion type timestamp"),
        ("{Item:{a:symbol}}", "has a value of the Ion type symbol"),
        ('{Item:{a:$dynamodb_SS::["x",1]}}', "has a set with a member that is no S"),
        ("\xe0\x01", "is not an Ion value"),
    ],
)
def test_a_line_that_is_no_item_is_told_and_the_next_one_is_read(line: str, problem: str) -> None:
    first, second = read(line, '{Item:{pk:"a"}}')
    assert first[:2] == (1, None)
    assert first[2].startswith(problem)
    assert second == (2, {"pk": {"S": "a"}}, "")


def test_binary_ion_is_told_from_text() -> None:
    content = simpleion.dumps({"Item": {"a": 1}}, binary=True)
    (record,) = ion_reader()(io.BytesIO(content), 0)
    assert record.problem == "is binary Ion: only Ion text can be read"


def test_what_is_no_text_is_told() -> None:
    (record,) = ion_reader()(io.BytesIO(b"{Item:{a:'\xff'}}\n"), 0)
    assert record.problem == "is not UTF-8 text"


def test_lines_up_to_where_an_import_was_are_passed_over() -> None:
    assert read("oops", '{Item:{pk:"b"}}', '{Item:{pk:"c"}}', skip=2) == [(3, {"pk": {"S": "c"}}, "")]


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *_: Any) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("ddbengine.exchange.ion_items.import_module", missing)
    with pytest.raises(SourceError, match=r"pip install 'ddbengine\[ion\]'"):
        ion_reader()


def as_ion(value: Wire) -> Any:
    """What the library writes as the Ion of a wire value."""
    ((kind, content),) = value.items()
    if kind in ("SS", "NS", "BS"):
        members = [as_ion({kind[0]: member}) for member in content]
        return IonPyList.from_value(IonType.LIST, members, annotations=(f"$dynamodb_{kind}",))
    if kind == "L":
        return [as_ion(member) for member in content]
    if kind == "M":
        return {name: as_ion(member) for name, member in content.items()}
    if kind == "N":
        return Decimal(content)
    if kind == "B":
        return b64decode(content)
    return None if kind == "NULL" else content


@settings(max_examples=40)
@given(strategies.wire_items)
def test_every_item_comes_back_from_the_ion_the_library_writes(item: dict[str, Wire]) -> None:
    line = simpleion.dumps({"Item": {name: as_ion(value) for name, value in item.items()}}, binary=False)
    ((_, found, problem),) = read(line)
    assert problem == ""
    assert {name: model.canonical(value) for name, value in found.items()} == {
        name: model.canonical(value) for name, value in item.items()
    }
