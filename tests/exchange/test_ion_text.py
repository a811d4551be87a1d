"""Ion text: what is written is what the service writes, and is read back as what it was."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.exchange.ion_text import ion_lines
from tests.wire import B, L, M, N, S

pytest.importorskip("amazon.ion.simpleion", reason="Ion is read with its library, which is an extra")

from ddbengine.exchange.ion_items import ion_reader


def line(item: dict[str, Any]) -> str:
    return ion_lines([orjson.dumps(item)]).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (S('a "b"\n'), '"a \\"b\\"\\n"'),
        (N("103"), "103."),
        (N("-1.5"), "-1.5"),
        (N("6E+2"), "6d2"),
        (N("1E-130"), "1d-130"),
        (B(b"abc"), "{{YWJj}}"),
        ({"BOOL": True}, "true"),
        ({"NULL": True}, "null"),
        (L(S("a"), N(1)), '["a",1.]'),
        (M(a=S("b")), '{a:"b"}'),
        ({"SS": ["a", "b"]}, '$dynamodb_SS::["a","b"]'),
        ({"NS": ["1", "2.5"]}, "$dynamodb_NS::[1.,2.5]"),
        ({"BS": ["YQ=="]}, "$dynamodb_BS::[{{YQ==}}]"),
    ],
)
def test_each_type_has_its_form(value: dict[str, Any], text: str) -> None:
    assert line({"pk": value}) == f"$ion_1_0 {{Item:{{pk:{text}}}}}\n"


@pytest.mark.parametrize("name", ["a b", "null", "nan", "$1", "1a", "é", "a-b", ""])
def test_a_name_that_is_no_symbol_is_quoted(name: str) -> None:
    assert line({name: S("x")}) == f'$ion_1_0 {{Item:{{{orjson.dumps(name).decode()}:"x"}}}}\n'


TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
NUMBER = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda number: N(format(number, "f")))
SCALAR = st.one_of(
    TEXT.map(S), NUMBER, st.binary().map(B), st.just({"NULL": True}), st.booleans().map(lambda b: {"BOOL": b})
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(TEXT, inner, max_size=3).map(lambda entries: {"M": entries}),
    ),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, VALUE, max_size=4))
def test_what_is_written_is_read_back(item: dict[str, Any]) -> None:
    (record,) = ion_reader()(io.BytesIO(ion_lines([orjson.dumps(item)])), 0)
    assert record.problem == ""
    assert normal(record.item) == normal(item)


def normal(value: Any) -> Any:
    """Numbers by their value."""
    if isinstance(value, dict):
        return {
            name: float(inner) if name == "N" and isinstance(inner, str) else normal(inner)
            for name, inner in value.items()
        }
    return [normal(inner) for inner in value] if isinstance(value, list) else value
