"""Plain puts: PutItem made into a plan from its bytes.

That an engine's store is the same afterwards as by the ordinary plan is tested in tests/engine/test_plain_puts.py; here
are requests that get a plan and those that do not, and what a plan reads and writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine._core import Outcome, PlainPut, PlainPuts, Writes, change_record
from tests.strategies import wire_items

VERSION_KEY = b"version"
PREFIX = b"I\x00\x00\x00\x07"
COUNTER = b"N\x00\x00\x00\x07"
MOST_BYTES = 2000
ITEM = {"pk": {"S": "k"}, "x": {"L": [{"N": "1"}, {"S": 'a"b'}]}}


@dataclass
class Store:
    """What puts read from, and where their plans go."""

    entries: dict[bytes, bytes] = field(default_factory=lambda: {VERSION_KEY: b"1"})
    found: tuple[Any, ...] | None = None
    sought: int = 0
    submits: bool = True
    plans: list[PlainPut] = field(default_factory=list)
    ordinary: list[tuple[str, bytes, int]] = field(default_factory=list)

    def get(self, key: bytes) -> bytes | None:
        return self.entries.get(key)

    def submit(self, plan: PlainPut) -> bytes | None:
        if not self.submits:
            return None
        self.plans.append(plan)
        return b"{}"

    def find_table(self, txn: Any, name: str) -> tuple[Any, ...]:
        self.sought += 1
        return self.found or (self.entries[VERSION_KEY], 7, PREFIX, COUNTER, {"pk": "S"}, False)

    def plan_of(self, name: str, item: bytes, size: int) -> Any:
        self.ordinary.append((name, item, size))
        return self

    def run(self, txn: Any) -> Outcome:
        return Outcome(b"ordinary")

    def puts(self) -> PlainPuts:
        return PlainPuts(self.submit, self.find_table, self.plan_of, VERSION_KEY, 1024, MOST_BYTES)

    def outcome(self, item: Any = ITEM, puts: PlainPuts | None = None) -> Outcome:
        """What the plan of a put comes to."""
        assert (puts or self.puts()).answer(body(item)) == b"{}"
        return self.plans[-1].run(self)


def body(item: Any, **others: Any) -> bytes:
    return json.dumps({"TableName": "table", "Item": item, **others}, ensure_ascii=False).encode()


def writes(outcome: Outcome) -> Writes:
    [change] = outcome.changes
    assert isinstance(change, Writes)
    return change


def stored(item: Any) -> bytes:
    return _core.encode_item(item)[0]


KEY = PREFIX + (_core.key_of_item(b"", {"pk": "S"}, stored(ITEM), 1024) or b"")
SIZE = _core.encode_item(ITEM)[1]


def test_a_new_item_is_written_and_counted() -> None:
    outcome = Store().outcome()
    assert outcome.body == b"{}"
    made = writes(outcome)
    assert (made.puts, made.deletes, made.counters) == ([(KEY, stored(ITEM))], [], [(COUNTER, (1, SIZE))])
    assert made.logged is False
    assert made.record is not None
    assert made.record() == change_record(7, KEY, None, stored(ITEM))


def test_an_item_in_place_of_another_is_counted_by_what_it_grew() -> None:
    store = Store()
    old = {**ITEM, "long": {"S": "x" * 100}}
    store.entries[KEY] = stored(old)
    made = writes(store.outcome())
    assert made.counters == [(COUNTER, (0, -104))]
    assert made.record is not None
    assert made.record() == change_record(7, KEY, stored(old), stored(ITEM))


def test_an_item_of_the_same_size_counts_nothing() -> None:
    store = Store()
    store.entries[KEY] = stored({"pk": {"S": "k"}, "x": {"L": [{"N": "2"}, {"S": 'a"c'}]}})
    made = writes(store.outcome())
    assert (made.puts, made.counters) == ([(KEY, stored(ITEM))], [])


def test_an_item_that_is_there_already_is_no_change() -> None:
    store = Store()
    store.entries[KEY] = stored(ITEM)
    outcome = store.outcome()
    assert (outcome.body, outcome.changes) == (b"{}", ())


def test_the_old_item_is_no_view_of_what_the_next_write_may_overwrite() -> None:
    store = Store()
    buffer = bytearray(stored({**ITEM, "x": {"N": "1"}}))
    store.entries[KEY] = memoryview(buffer)  # type: ignore[assignment]
    made = writes(store.outcome())
    buffer[:] = bytes(len(buffer))
    assert made.record is not None
    assert made.record() == change_record(7, KEY, stored({**ITEM, "x": {"N": "1"}}), stored(ITEM))


def test_what_is_logged_for_others_is_marked() -> None:
    store = Store(found=(b"1", 7, PREFIX, COUNTER, {"pk": "S"}, True))
    assert writes(store.outcome()).logged is True


def test_a_table_is_sought_again_when_the_catalog_has_changed() -> None:
    store = Store()
    puts = store.puts()
    for version, sought in ((b"1", 1), (b"1", 1), (b"2", 2), (b"2", 2), (b"22", 3)):
        store.entries[VERSION_KEY] = version
        store.outcome(puts=puts)
        assert store.sought == sought


@pytest.mark.parametrize("item", [{"pk": {"N": "1"}}, {"kp": {"S": "k"}}, {"pk": {"S": ""}}, {"pk": {"S": "k" * 1025}}])
def test_an_item_that_may_have_to_be_refused_is_left_to_the_ordinary_plan(item: Any) -> None:
    store = Store()
    assert store.outcome(item).body == b"ordinary"
    assert store.ordinary == [("table", *_core.encode_item(item))]


@pytest.mark.parametrize(("found", "sought"), [((b"1",), 1), ((b"",), 2)])
def test_a_table_with_more_to_be_written_is_left_to_the_ordinary_plan(found: tuple[bytes], sought: int) -> None:
    store = Store(found=found)
    puts = store.puts()
    for _ in range(2):
        assert store.outcome(puts=puts).body == b"ordinary"
    assert store.sought == sought


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"1", b"null", b'{"TableName": "\xff"}', b'"a"'])
def test_what_is_no_json_object_is_not_looked_at_further(sent: bytes) -> None:
    assert Store().puts().answer(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"TableName": "table"},
        {"Item": ITEM},
        {"TableName": "table", "Item": ITEM, "ReturnValues": "NONE"},
        {"TableName": "table", "Item": ITEM, "ConditionExpression": None},
        {"TableName": "table", "ITEM": ITEM},
        {"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/table", "Item": ITEM},
        {"TableName": "ta", "Item": ITEM},
        {"TableName": "t" * 256, "Item": ITEM},
        {"TableName": "tablé", "Item": ITEM},
        {"TableName": 1, "Item": ITEM},
        {"TableName": None, "Item": ITEM},
        {"TableName": "table", "Item": None},
        {"TableName": "table", "Item": []},
        {"TableName": "table", "Item": {"pk": "k"}},
        {"TableName": "table", "Item": {"pk": {}}},
        {"TableName": "table", "Item": {"pk": {"S": "k", "N": "1"}}},
        {"TableName": "table", "Item": {"pk": {"S": 1}}},
        {"TableName": "table", "Item": {"pk": {"S": None}}},
        {"TableName": "table", "Item": {"pk": None}},
        {"TableName": "table", "Item": {"pk": {"N": "one"}}},
        {"TableName": "table", "Item": {"pk": {"NULL": False}}},
        {"TableName": "table", "Item": {"": {"S": "k"}}},
        {"TableName": "table", "Item": {"pk": {"SS": ["a", "a"]}}},
        {"TableName": "table", "Item": {"pk": {"S": "x" * MOST_BYTES}}},
    ],
)
def test_what_is_not_plain_is_given_back_as_it_was_read(sent: dict[str, Any]) -> None:
    store = Store()
    assert store.puts().answer(json.dumps(sent).encode()) == sent
    assert store.plans == []


def test_where_no_shortcut_is_to_be_taken_the_request_is_given_back() -> None:
    assert Store(submits=False).puts().answer(body(ITEM)) == {"TableName": "table", "Item": ITEM}


@given(wire_items)
def test_an_item_is_stored_as_the_ordinary_way_encodes_it(item: dict[str, Any]) -> None:
    store = Store()
    item = {"pk": {"S": "k"}, **item}
    encoded, size = _core.encode_item(item)
    if store.puts().answer(body(item)) != b"{}":
        assert size > MOST_BYTES
        return
    outcome = store.plans[0].run(store)
    if outcome.body == b"ordinary":
        assert store.ordinary == [("table", encoded, size)]
    else:
        assert writes(outcome).puts[0][1] == encoded
        assert writes(outcome).counters == [(COUNTER, (1, size))]


# --- what the log says ------------------------------------------------------------------------------------------------

BLOBS = st.none() | st.binary(max_size=10) | st.integers(0, 70_000).map(bytes)
NUMBERS = st.integers(0, 300) | st.integers(65_000, 66_000) | st.integers(0, 2**32 - 1)


@given(
    number=NUMBERS,
    key=st.binary(min_size=9, max_size=600),
    old=BLOBS,
    new=BLOBS,
    actor=st.none() | st.text(max_size=300),
)
def test_a_record_is_what_msgpack_makes_of_it(
    number: int, key: bytes, old: bytes | None, new: bytes | None, actor: str | None
) -> None:
    wanted = msgpack.packb((number, key[5:9], key, old, new, actor))
    assert change_record(number, key, old, new, actor) == wanted


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((-1, bytes(9), None, None), OverflowError),
        ((2**32, bytes(9), None, None), OverflowError),
        ((1, bytes(8), None, None), ValueError),
        ((1, None, None, None), TypeError),
        ((1, bytes(9), "old", None), TypeError),
        ((1, bytes(9), None, bytearray(3)), TypeError),
        ((1, bytes(9), None, None, b"actor"), TypeError),
    ],
)
def test_nothing_else_makes_a_record(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        change_record(*arguments)


# --- plain data -------------------------------------------------------------------------------------------------------


def test_writes_share_nothing_with_each_other() -> None:
    one, other = Writes(), Writes()
    one.puts.append((b"k", b"v"))
    one.deletes.append(b"k")
    one.counters.append((b"n", (1,)))
    assert (other.puts, other.deletes, other.counters, other.record, other.logged) == ([], [], [], None, False)
    assert repr(one) == "Writes(puts=[(b'k', b'v')], deletes=[b'k'], counters=[(b'n', (1,))], logged=False)"


def test_writes_are_alike_when_all_that_they_have_is() -> None:
    assert Writes() == Writes([], [], [])
    assert Writes([(b"k", b"v")], logged=True) == Writes([(b"k", b"v")], logged=True)
    for other in (Writes([(b"k", b"v")]), Writes(deletes=[b"k"]), Writes(counters=[(b"n", (1,))]), Writes(logged=True)):
        assert Writes() != other
    assert Writes() != object()


def test_an_outcome_has_a_body_and_perhaps_changes() -> None:
    outcome = Outcome(b"body")
    assert (outcome.body, outcome.changes) == (b"body", ())
    assert repr(outcome) == "Outcome(body=b'body', changes=())"
    with pytest.raises(TypeError):
        Outcome("body")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Outcome(None)  # type: ignore[arg-type]
