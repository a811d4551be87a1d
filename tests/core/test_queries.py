"""Plain queries: Query answered from its bytes when one that differs in its values only was found good.

That they say what the plan says is asserted wherever ``tests.engine.calls`` asks a query; here is which requests get an
answer at all, and what is read for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from ddbengine import _core
from ddbengine._core import PlainQueries, PlainQuery

VERSION_KEY = b"version"
PREFIX = b"I\x00\x00\x00\x01"
TYPES = {"pk": "S", "sk": "N"}
VALUES = "ExpressionAttributeValues"
FORM: dict[str, Any] = {"TableName": "table", "KeyConditionExpression": "pk = :p AND sk > :s", "Limit": 2}
GOOD = {":p": {"S": "a"}, ":s": {"N": "1"}}
OTHERS = frozenset({"TableName", "KeyConditionExpression", "Limit", "ConsistentRead"})


def stored_key(item: dict[str, Any]) -> bytes:
    key = _core.key_of_item(PREFIX, TYPES, _core.encode_item(item)[0], 1024)
    assert key is not None
    return key


def item(partition: str, sort: int) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"N": str(sort)}, "x": {"S": "häß"}}


@dataclass
class Store:
    """What queries read from: a dict of a few items, and what was asked for."""

    entries: dict[bytes, bytes] = field(
        default_factory=lambda: {
            stored_key(one): _core.encode_item(one)[0] for one in (item(p, s) for p in "ab" for s in range(5))
        }
    )
    version: bytes = b"1"
    sought: int = 0
    forms_sought: list[bytes] = field(default_factory=list)
    there: bool = True
    usable: bool = True
    consistent: bool = False
    asked_consistently: bool | None = None

    def get(self, key: bytes) -> bytes:
        assert key == VERSION_KEY
        return self.version

    def scan(self, low: bytes, high: bytes, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted(((k, v) for k, v in self.entries.items() if low <= k < high), reverse=reverse))

    def snapshot(self, consistent: bool) -> Any:
        self.asked_consistently = consistent
        return nullcontext(self) if self.there else None

    def find_table(self, read: Any) -> tuple[Any, ...] | None:
        self.sought += 1
        return (self.version, PREFIX, TYPES, ((0,), (), ">", (1,))) if self.usable else None

    def find_form(self, members: bytes) -> PlainQuery | None:
        self.forms_sought.append(members)
        if members != orjson.dumps(FORM):
            return None
        return PlainQuery((":p", ":s"), (":p", ":s"), ("S", "N"), self.find_table, 2, False, self.consistent)

    def queries(self) -> PlainQueries:
        return PlainQueries(
            self.snapshot,
            self.find_form,
            OTHERS,
            VERSION_KEY,
            most_key_bytes=1024,
            most_value_bytes=65_535,
            most_page_bytes=1 << 20,
            levels=32,
        )


def body(values: Any = GOOD, **others: Any) -> bytes:
    return json.dumps({**FORM, **others, VALUES: values}, ensure_ascii=False).encode()


def test_a_query_with_other_values_is_answered() -> None:
    queries = Store().queries()
    for partition, sort, count in (("a", 0, 2), ("b", 2, 2), ("b", 3, 1), ("c", 0, 0)):
        answer = queries.answer(body({":p": {"S": partition}, ":s": {"N": str(sort)}}))
        items = [item(partition, sort + 1 + number) for number in range(count)]
        wanted: dict[str, Any] = {"Items": items, "Count": count, "ScannedCount": count}
        if count == 2:
            wanted["LastEvaluatedKey"] = {name: items[-1][name] for name in TYPES}
        assert orjson.loads(answer) == wanted


def test_where_the_values_stand_in_the_request_makes_no_difference() -> None:
    queries = Store().queries()
    members = {"TableName": FORM["TableName"], VALUES: GOOD, **FORM}
    assert queries.answer(json.dumps(members).encode()) == queries.answer(body())


@pytest.mark.parametrize("consistent", [False, True])
def test_it_is_read_as_consistently_as_the_first_one_was(consistent: bool) -> None:
    store = Store(consistent=consistent)
    assert isinstance(store.queries().answer(body()), bytes)
    assert store.asked_consistently is consistent


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"1", b"null", b'"a"', b'{"a": "\xff"}'])
def test_what_is_no_json_object_is_not_looked_at_further(sent: bytes) -> None:
    assert Store().queries().answer(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        {},
        FORM,
        {**FORM, VALUES: None},
        {**FORM, VALUES: {}},
        {**FORM, VALUES: []},
        {**FORM, VALUES: {":s": GOOD[":s"], ":p": GOOD[":p"]}},
        {**FORM, VALUES: {":p": GOOD[":p"]}},
        {**FORM, VALUES: {**GOOD, ":t": {"S": "a"}}},
        {**FORM, VALUES: {**GOOD, ":s": {"S": "1"}}},
        {**FORM, VALUES: {**GOOD, ":s": {"N": "one"}}},
        {**FORM, VALUES: {**GOOD, ":s": {"N": 1}}},
        {**FORM, VALUES: {**GOOD, ":s": {}}},
        {**FORM, VALUES: {**GOOD, ":s": None}},
        {**FORM, VALUES: {**GOOD, ":p": {"S": ""}}},
        {**FORM, VALUES: {**GOOD, ":p": {"S": "x" * 1025}}},
        {**FORM, VALUES: {**GOOD, ":p": {"S": "x" * 70_000}}},
        {**FORM, "Limit": 3, VALUES: GOOD},
        {**FORM, "Limit": 2.0, VALUES: GOOD},
        {**FORM, "Limit": True, VALUES: GOOD},
        {**FORM, "ConsistentRead": True, VALUES: GOOD},
        {**FORM, "FilterExpression": "x = :s", VALUES: GOOD},
        {**FORM, "Unknown": None, VALUES: GOOD},
    ],
)
def test_what_is_not_that_query_is_given_back_as_it_was_read(sent: dict[str, Any]) -> None:
    store = Store()
    queries = store.queries()
    assert isinstance(queries.answer(body()), bytes)
    assert queries.answer(json.dumps(sent).encode()) == sent


def test_a_form_is_sought_until_it_is_known() -> None:
    store = Store()
    queries = store.queries()
    for _ in range(3):
        queries.answer(body(Limit=7))
        queries.answer(body())
    assert (
        store.forms_sought
        == [orjson.dumps({**FORM, "Limit": 7}), orjson.dumps(FORM)] + [orjson.dumps({**FORM, "Limit": 7})] * 2
    )


def test_a_table_is_sought_again_when_the_catalog_has_changed() -> None:
    store = Store()
    queries = store.queries()
    for version, sought in ((b"1", 1), (b"1", 1), (b"2", 2), (b"2", 2), (b"22", 3)):
        store.version = version
        assert isinstance(queries.answer(body()), bytes)
        assert store.sought == sought


def test_a_table_that_is_not_to_be_read_is_left_to_the_plan() -> None:
    store = Store()
    queries = store.queries()
    assert isinstance(queries.answer(body()), bytes)
    store.version, store.usable = b"2", False
    for _ in range(2):
        assert isinstance(queries.answer(body()), dict)
    store.usable = True
    assert isinstance(queries.answer(body()), bytes)


def test_where_nothing_can_be_read_the_request_is_given_back() -> None:
    assert isinstance(Store(there=False).queries().answer(body()), dict)
