"""Writing to an endpoint, which is a fake, from several threads: order, unprocessed items, refusals, failures."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.engine.bulk_load import Loaded
from ddbengine.errors import ApiError
from ddbengine.exchange import endpoint_load
from ddbengine.exchange.boto_values import boto_item, wire_text
from ddbengine.exchange.endpoint_load import BatchWriter, GivenUp, load_in_parallel
from tests import strategies
from tests.wire import BS, B, L, M, N, S

Item = dict[str, Any]


class Answer(Exception):
    """What a client raises: code and message."""


def code_of(error: Exception) -> tuple[str, str]:
    return (error.args[0], error.args[1]) if isinstance(error, Answer) else ("", "")


class Endpoint:
    """A table in memory that leaves some items unprocessed, by chance."""

    def __init__(self, seed: int = 0, unprocessed: float = 0.0) -> None:
        self.items: dict[str, Item] = {}
        self.calls = 0
        self._chance = random.Random(seed)
        self._unprocessed = unprocessed
        self._lock = threading.Lock()

    def write(self, batch: list[Item]) -> list[Item]:
        keys = [item["pk"]["S"] for item in batch]
        assert 1 <= len(keys) <= 25
        assert len(set(keys)) == len(keys), "BatchWriteItem refuses a key that comes twice"
        with self._lock:
            self.calls += 1
            if any("bad" in item for item in batch):
                raise Answer("ValidationException", "it is bad")
            if any("fatal" in item for item in batch):
                raise Answer("ResourceNotFoundException", "no such table")
            left = [item for item in batch if self._chance.random() < self._unprocessed]
            for item in batch:
                if item not in left:
                    self.items[item["pk"]["S"]] = item
            return left

    def put(self, item: Item) -> None:
        with self._lock:
            if "bad" in item:
                raise Answer("ValidationException", "it is bad")
            self.items[item["pk"]["S"]] = item


def load(
    endpoint: Endpoint, items: Any, threads: int = 3, refused: list[tuple[int, ApiError]] | None = None
) -> list[Loaded]:
    told = [] if refused is None else refused
    writer = BatchWriter(endpoint.write, endpoint.put, code_of)
    return list(load_in_parallel(writer, ["pk"], items, lambda *one: told.append(one), threads))


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_load, "FIRST_PAUSE_SECONDS", 0.0)


def test_every_item_arrives_and_progress_only_grows() -> None:
    endpoint, before = Endpoint(), set(threading.enumerate())
    told = load(endpoint, ({"pk": S(str(number)), "n": N(number)} for number in range(1000)))
    assert len(endpoint.items) == 1000
    assert told[-1] == Loaded(1000, 1000)
    assert [loaded.ordinal for loaded in told] == sorted(loaded.ordinal for loaded in told)
    assert set(threading.enumerate()) <= before


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=200),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.integers(0, 1000),
)
def test_the_last_item_of_a_key_wins_however_the_threads_run(
    keys: list[str], threads: int, unprocessed: float, seed: int
) -> None:
    endpoint = Endpoint(seed, unprocessed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint_load, "FIRST_PAUSE_SECONDS", 0.0)
        patch.setattr(endpoint_load, "BATCH_WRITE_MAX_REQUESTS", 3)
        told = load(endpoint, [{"pk": S(key), "n": N(number)} for number, key in enumerate(keys)], threads)
    assert endpoint.items == {key: {"pk": S(key), "n": N(number)} for number, key in enumerate(keys)}
    assert told[-1] == Loaded(len(keys), len(keys))


def test_an_item_stays_when_a_later_one_of_its_key_is_refused() -> None:
    endpoint, refused = Endpoint(), list[tuple[int, ApiError]]()
    items = [{"pk": S("a"), "n": N(1)}, {"pk": S("b"), "n": N(2)}, {"pk": S("a"), "bad": N(3)}]
    assert load(endpoint, items, 1, refused)[-1] == Loaded(3, 2)
    assert endpoint.items == {"a": items[0], "b": items[1]}
    assert [ordinal for ordinal, _ in refused] == [3]


def test_one_key_written_in_several_ways_is_one_key() -> None:
    batches: list[list[Item]] = []
    writer = BatchWriter(lambda batch: batches.append(batch) or [], lambda _: None, code_of)  # type: ignore[func-returns-value]
    ways = ["1", "1.0", "01", "10e-1", "0.1e1"]
    items = [{"pk": {"N": way}, "n": N(number)} for number, way in enumerate(ways)]
    *_, loaded = load_in_parallel(writer, ["pk"], items, lambda *_: None, 4)
    assert loaded == Loaded(5, 5)
    assert batches == [[items[-1]]]


def test_many_items_of_one_key_do_not_gather() -> None:
    endpoint = Endpoint()
    load(endpoint, [{"pk": S("a"), "n": N(number)} for number in range(1000)])
    assert endpoint.items == {"a": {"pk": S("a"), "n": N(999)}}
    assert endpoint.calls == 10


def test_a_progress_is_told_only_of_what_has_arrived() -> None:
    endpoint = Endpoint(1, 0.5)
    writer = BatchWriter(endpoint.write, endpoint.put, code_of)
    items = [{"pk": S(str(number))} for number in range(500)]
    for loaded in load_in_parallel(writer, ["pk"], items, lambda *_: None, 4):
        assert {str(number) for number in range(loaded.ordinal)} <= endpoint.items.keys()


def test_the_items_of_a_refused_batch_are_put_one_by_one_to_know_which_it_was() -> None:
    endpoint, refused = Endpoint(), list[tuple[int, ApiError]]()
    items = [{"pk": S(str(number)), **({"bad": S("")} if number in (3, 40) else {})} for number in range(50)]
    told = load(endpoint, items, 2, refused)
    assert sorted((ordinal, str(error.message)) for ordinal, error in refused) == [(4, "it is bad"), (41, "it is bad")]
    assert len(endpoint.items) == 48
    assert told[-1] == Loaded(50, 48)


def test_what_is_no_item_is_refused_before_it_is_sent() -> None:
    endpoint, refused = Endpoint(), list[tuple[int, ApiError]]()
    load(endpoint, [{"pk": S("a")}, {"pk": {"S": 3}}, ["x"]], 1, refused)
    assert [(ordinal, error.code) for ordinal, error in refused] == [
        (2, "SerializationException"),
        (3, "SerializationException"),
    ]
    assert endpoint.items.keys() == {"a"}


def test_a_failure_that_is_no_items_ends_the_load() -> None:
    items = ({"pk": S(str(number)), **({"fatal": S("")} if number == 100 else {})} for number in range(10_000))
    with pytest.raises(Answer, match="no such table"):
        load(Endpoint(), items)


def test_when_the_items_fail_what_came_before_is_written() -> None:
    endpoint = Endpoint()

    def failing() -> Iterator[Item]:
        for number in range(60):
            yield {"pk": S(str(number))}
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        load(endpoint, failing())
    assert len(endpoint.items) == 60


def test_an_endpoint_that_takes_nothing_is_given_up() -> None:
    with pytest.raises(GivenUp, match="1 items were left unprocessed 20 times"):
        load(Endpoint(0, 1.0), [{"pk": S("a")}])


def test_who_is_told_of_a_refusal_may_end_the_load() -> None:
    def enough(*_: object) -> None:
        raise KeyError("enough")

    items = [{"pk": S(str(number)), "bad": S("")} for number in range(500)]
    endpoint = Endpoint()
    writer = BatchWriter(endpoint.write, endpoint.put, code_of)
    with pytest.raises(KeyError, match="enough"):
        list(load_in_parallel(writer, ["pk"], items, enough, 3))


def test_a_batch_of_a_rare_key_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_load, "OLDEST_ITEMS_BEHIND", 100)
    rare = {"pk": S("rare")}
    # One thread gets nearly everything, another one only the first item.
    others = [key for key in map(str, range(2000)) if thread_of(key) != thread_of("rare")][:500]
    told = load(Endpoint(), [rare, *({"pk": S(key)} for key in others)], 2)
    assert Counter(loaded.ordinal > 100 for loaded in told)[True] > 1


def thread_of(key: str) -> int:
    return hash((repr(S(key)),)) % 2


# --- values -----------------------------------------------------------------------------------------------------------


def test_binaries_are_bytes_for_a_client_however_deep() -> None:
    item = {"b": B(b"x"), "l": L(M(s=BS(b"y", b"z")), N(1)), "s": S("x")}
    assert boto_item(item) == {
        "b": {"B": b"x"},
        "l": {"L": [{"M": {"s": {"BS": [b"y", b"z"]}}}, {"N": "1"}]},
        "s": {"S": "x"},
    }


@given(strategies.wire_items)
def test_values_come_back_from_a_client(item: Item) -> None:
    assert orjson.loads(wire_text(boto_item(item))) == item
