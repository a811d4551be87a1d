"""Plain lookups: GetItem answered from its bytes.

Strategy: bodies are put together from pieces that can be right, odd or wrong in every place, with white space between
them, or are good ones with some bytes changed; a store of a dict answers.  Whatever gets an answer has to be JSON that
asks for exactly that item and nothing else.  That plain ones do get theirs is tested by examples; that an engine's own
way says the same, wherever tests/engine asks one for an item.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine._core import PlainLookups

VERSION_KEY = b"version"
PREFIX = b"I\x00\x00\x00\x01"
TYPES = {"one": {"pk": "S"}, "two": {"pk": "S", "sk": "N"}, "turned": {"sk": "N", "pk": "S"}, "binary": {"pk": "B"}}
ITEM = {"pk": {"S": "k"}, "x": {"L": [{"N": "1"}, {"S": 'a"b'}]}}
VALUES: tuple[dict[str, str], ...] = (
    {"S": "k"},
    {"S": "häß€😀"},
    {"S": "k" * 600},
    {"N": "1"},
    {"N": "-15e-1"},
    {"B": "a2V5"},
)


@dataclass
class Store:
    """What lookups read from: a dict, and the keys it was asked for."""

    entries: dict[bytes, bytes] = field(default_factory=lambda: {VERSION_KEY: b"1"})
    sought: int = 0
    there: bool = True
    asked_consistently: bool | None = None

    def get(self, key: bytes) -> bytes | None:
        return self.entries.get(key)

    def snapshot(self, consistent: bool) -> Any:
        self.asked_consistently = consistent
        return nullcontext(self) if self.there else None

    def find_table(self, read: Any, name: str) -> tuple[bytes, bytes, dict[str, str]] | None:
        self.sought += 1
        if name not in TYPES:
            return None
        return self.entries[VERSION_KEY], PREFIX, TYPES[name]

    def lookups(self) -> PlainLookups:
        return PlainLookups(self.snapshot, self.find_table, VERSION_KEY, 1024)

    def put(self, table: str, key: dict[str, dict[str, str]], item: dict[str, Any] = ITEM) -> None:
        self.entries[stored_key(table, key)] = _core.encode_item(item)[0]


def stored_key(table: str, key: dict[str, dict[str, str]]) -> bytes:
    values = {name: _core.encode_value(value) for name, value in key.items()}
    found = _core.item_key(PREFIX, TYPES[table], values, 1024)
    assert found is not None
    return found


def body(table: str, key: Any, **others: Any) -> bytes:
    return json.dumps({"TableName": table, "Key": key, **others}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("one", {"pk": VALUES[0]}),
        ("one", {"pk": VALUES[1]}),
        ("one", {"pk": VALUES[2]}),
        ("two", {"pk": VALUES[0], "sk": VALUES[3]}),
        ("two", {"sk": VALUES[4], "pk": VALUES[1]}),
        ("turned", {"pk": VALUES[0], "sk": VALUES[4]}),
    ],
)
def test_a_plain_request_is_answered(table: str, key: dict[str, dict[str, str]]) -> None:
    store = Store()
    store.put(table, key)
    answer = store.lookups().answer(body(table, key))
    assert answer == b'{"Item":%b}' % _core.item_to_wire(store.entries[stored_key(table, key)])
    assert orjson.loads(answer) == {"Item": ITEM}


def test_an_item_that_is_not_there_is_an_empty_answer() -> None:
    assert Store().lookups().answer(body("one", {"pk": {"S": "k"}})) == b"{}"


@pytest.mark.parametrize(
    ("others", "consistent"), [({"ConsistentRead": True}, True), ({"ConsistentRead": False}, False)]
)
def test_what_is_asked_consistently_is_read_so(others: dict[str, bool], consistent: bool) -> None:
    store = Store()
    assert store.lookups().answer(body("one", {"pk": {"S": "k"}}, **others)) == b"{}"
    assert store.asked_consistently is consistent


@pytest.mark.parametrize("spacing", [b"", b" ", b"\n\t\r "])
def test_white_space_is_passed_by(spacing: bytes) -> None:
    tokens = [b"{", b'"Key"', b":", b"{", b'"pk"', b":", b"{", b'"S"', b":", b'"k"', b"}", b"}", b",", b'"TableName"']
    tokens += [b":", b'"one"', b",", b'"ConsistentRead"', b":", b"true", b"}"]
    assert Store().lookups().answer(spacing + spacing.join(tokens) + spacing) == b"{}"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{}",
        b"[]",
        b'{"TableName":"one"}',
        b'{"Key":{"pk":{"S":"k"}}}',
        body("two", {"pk": {"S": "k"}}),
        body("one", {}),
        body("one", {"kp": {"S": "k"}}),
        body("one", {"pk": {"S": "k"}, "sk": {"N": "1"}}),
        body("one", {"pk": {"N": "1"}}),
        body("one", {"pk": {"S": ""}}),
        body("one", {"pk": {"S": "k" * 1025}}),
        body("one", {"pk": {"S": "k\n"}}),
        body("one", {"pk": {"S": 'k"'}}),
        body("one", {"pk": {"S": "k"}}).replace(b'"k"', b'"\x1f"'),
        body("one", {"pk": {"S": "k"}}).replace(b'"k"', b'"\xff"'),
        body("one", {"pk": {"S": "k"}}).replace(b'"k"', b'"\xed\xa0\x80"'),
        body("one", {"pk": {"S": "k"}}).replace(b'"k"', b'"k'),
        body("one", {"pk": {"S": "k"}}).replace(b'{"S": "k"}', b'{"S": "k", "S": "k"}'),
        body("one", {"pk": {"S": "k"}}).replace(b'"TableName": "one"', b'"TableName": "one", "TableName": "two"'),
        body("one", {"pk": {"S": "k"}}).replace(b"}}}", b"}}, }"),
        body("one", {"pk": {"S": "k"}}) + b"x",
        body("one", {"pk": {"S": "k"}}) + b"\x00",
        body("two", {"pk": {"S": "k"}, "sk": {"N": "one"}}),
        body("two", {"pk": {"S": "k"}, "sk": {"N": "1e200"}}),
        body("two", {"pk": {"S": "k"}, "pk2": {"N": "1"}}),
        body("two", {"pk": {"S": "k"}, "sk": {"N": "1"}}).replace(b"sk", b"pk"),
        body("binary", {"pk": {"B": "a2V5"}}),
        body("unknown", {"pk": {"S": "k"}}),
        body("arn:aws:dynamodb:us-east-1:000000000000:table/one", {"pk": {"S": "k"}}),
        body("one", {"pk": {"S": "k"}}, ProjectionExpression="x"),
        body("one", {"pk": {"S": "k"}}, ReturnConsumedCapacity="TOTAL"),
        body("one", {"pk": {"S": "k"}}, ConsistentRead=None),
        body("one", {"pk": {"S": "k"}}, ConsistentRead="true"),
        body("one", {"pk": {"S": "k"}}, ConsistentRead=True).replace(b"true", b"truth"),
    ],
)
def test_what_is_not_plain_gets_no_answer(sent: bytes) -> None:
    assert Store().lookups().answer(sent) is None


def test_where_nothing_can_be_read_there_is_no_answer() -> None:
    assert Store(there=False).lookups().answer(body("one", {"pk": {"S": "k"}})) is None


def test_a_table_is_sought_again_when_the_catalog_has_changed() -> None:
    store = Store()
    lookups, sent = store.lookups(), body("one", {"pk": {"S": "k"}})
    for version, sought in ((b"1", 1), (b"1", 1), (b"2", 2), (b"2", 2), (b"22", 3)):
        store.entries[VERSION_KEY] = version
        assert lookups.answer(sent) == b"{}"
        assert store.sought == sought


PIECES: dict[str, Sequence[bytes]] = {
    "table": (b'"one"', b'"two"', b'"turned"', b'"binary"', b'"none"', b'"on\\u0065"', b"1", b'"o"'),
    "name": (b'"pk"', b'"sk"', b'"p\\u006b"', b'"x"', b"pk"),
    "type": (b'"S"', b'"N"', b'"B"', b'"BOOL"', b'"s"'),
    "value": (
        b'"k"',
        b'"1"',
        b'"-0.10"',
        b'"\\n"',
        b'"h\xc3\xa4"',
        b'"\xc3"',
        b'"\x7f"',
        b'""',
        b"1",
        b"null",
        b'"1e"',
    ),
    "flag": (b"true", b"false", b"null", b"tru", b"1", b'"true"'),
    "space": (b"", b"", b"", b" ", b"\t\r\n", b"\x0b", b"\xc2\xa0", b"/**/"),
    "comma": (b",", b",", b",", b",", b"", b",,"),
    "rest": (b"", b"", b"", b"", b"}", b",", b"\x00", b"{}"),
}


def piece(kind: str) -> st.SearchStrategy[bytes]:
    first, *others = PIECES[kind]
    return st.just(first) | st.sampled_from([first, *others])


@st.composite
def built_bodies(draw: st.DrawFn) -> bytes:
    def joined(parts: list[bytes]) -> bytes:
        text = b""
        for place, part in enumerate(parts):
            text += (draw(piece("comma")) if place else b"") + draw(piece("space")) + part
        return b"{" + text + draw(piece("space")) + b"}"

    def attribute() -> bytes:
        inner = [
            draw(piece("type")) + b":" + draw(piece("value")) for _ in range(draw(st.sampled_from([1, 1, 1, 0, 2])))
        ]
        return draw(piece("name")) + draw(piece("space")) + b":" + joined(inner)

    members = [
        b'"TableName":' + draw(piece("space")) + draw(piece("table")),
        b'"Key":' + joined([attribute() for _ in range(draw(st.sampled_from([1, 1, 2, 2, 0, 3])))]),
        b'"ConsistentRead":' + draw(piece("flag")),
        b'"ProjectionExpression":"x"',
    ]
    chosen = draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, 3]), min_size=1, max_size=4))
    return joined([members[place] for place in chosen]) + draw(piece("rest"))


@st.composite
def damaged_bodies(draw: st.DrawFn) -> bytes:
    sent = bytearray(
        draw(st.sampled_from([body("one", {"pk": {"S": "häß"}}), body("turned", {"pk": VALUES[0], "sk": VALUES[4]})]))
    )
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(sent)))
        sent[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(sent)


@given(built_bodies() | damaged_bodies())
@example(body("one", {"pk": {"S": "k"}}))
def test_whatever_is_answered_asks_for_that_item_and_nothing_else(sent: bytes) -> None:
    answer = Store(entries=Everything()).lookups().answer(sent)
    if answer is None:
        return
    asked = orjson.loads(sent)
    assert asked.keys() - {"ConsistentRead"} == {"TableName", "Key"}
    assert type(asked.get("ConsistentRead", False)) is bool
    key = stored_key(asked["TableName"], asked["Key"])
    assert orjson.loads(answer) == {"Item": {"key": {"S": key.hex()}}}
    assert sent.count(b'"TableName"') == sent.count(b'"Key"') == 1, "of two members of one name none is right"


class Everything(dict[bytes, bytes]):
    """An item under every key, which it names."""

    def get(self, key: bytes, default: Any = None) -> bytes:
        return b"1" if key == VERSION_KEY else _core.encode_item({"key": {"S": key.hex()}})[0]

    def __missing__(self, key: bytes) -> bytes:
        return self.get(key)
