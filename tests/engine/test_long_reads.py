"""A read of a stream that takes long is done on a thread of its own, and comes to the same."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import orjson
import pytest

from ddbengine.engine.long_reads import QUICK_MAX_CHANGES
from ddbengine.engine.shard_reads import GetRecords
from ddbengine.errors import ExpiredIteratorException, ValidationException
from ddbengine.storage.errors import StoreClosed, StoreError
from ddbengine.streams import reading
from tests.engine.calls import CALLER
from tests.engine.streaming import Streaming, streaming
from tests.wire import S


@pytest.fixture
def calls() -> Iterator[Streaming]:
    calls = streaming()
    yield calls
    calls.engine.close()


def written(calls: Streaming, count: int) -> str:
    """An iterator to before so many records."""
    arn = calls.create_streamed()
    iterator = calls.iterator(arn, calls.shards(arn)[0], "LATEST")
    calls.put("table", *({"pk": S(str(number))} for number in range(count)))
    return iterator


def answer(calls: Streaming, iterator: str, **members: Any) -> bytes | Future[Any]:
    return calls.engine.answer("GetRecords", {"ShardIterator": iterator, **members}, CALLER)


def test_a_read_near_the_end_of_the_log_is_answered_at_once(calls: Streaming) -> None:
    assert isinstance(answer(calls, written(calls, QUICK_MAX_CHANGES)), bytes)


def test_a_read_far_from_the_end_of_the_log_is_answered_later(calls: Streaming) -> None:
    later = answer(calls, written(calls, QUICK_MAX_CHANGES + 1))
    assert isinstance(later, Future)
    assert len(orjson.loads(later.result(30).body)["Records"]) == QUICK_MAX_CHANGES + 1


def test_both_ways_of_reading_come_to_the_same(calls: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_STEP_BYTES", 500)
    iterator = written(calls, 300)
    plan = calls.engine.prepare("GetRecords", {"ShardIterator": iterator}, CALLER)
    assert isinstance(plan, GetRecords)
    pauses: list[None] = []
    with calls.engine.store.snapshot() as txn:
        at_once = orjson.loads(plan.run(txn).body)
        with_pauses = orjson.loads(plan.pausing(lambda: pauses.append(None)).run(txn).body)
    assert with_pauses == at_once
    assert len(pauses) > 10
    assert replace(plan, limit=1).claimed_after == plan.claimed_after


def test_what_is_wrong_with_a_long_read_is_told_later(calls: Streaming) -> None:
    iterator = written(calls, QUICK_MAX_CHANGES + 1)
    calls.time.now += 901
    later = answer(calls, iterator)
    assert isinstance(later, Future)
    with pytest.raises(ExpiredIteratorException):
        later.result(30)
    with pytest.raises(ValidationException):
        answer(calls, "garbage")


def test_a_long_read_is_finished_before_the_store_is_closed() -> None:
    calls = streaming()
    iterator = written(calls, 2000)
    later = [answer(calls, iterator) for _ in range(5)]
    calls.engine.close()
    for one in later:
        assert isinstance(one, Future)
        assert len(orjson.loads(one.result(0).body)["Records"]) == 1000
    with pytest.raises((RuntimeError, StoreError)):
        answer(calls, iterator)


@pytest.mark.parametrize("read_before", [True, False])
def test_a_long_read_of_a_closed_engine_is_refused_as_any_other(calls: Streaming, read_before: bool) -> None:
    iterator = written(calls, QUICK_MAX_CHANGES + 1)
    if read_before:
        calls.call("GetRecords", ShardIterator=iterator)
    calls.engine.close()
    with pytest.raises(StoreClosed):
        calls.call("GetRecords", ShardIterator=iterator)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ddbengine-long-reads")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_long_read_in_a_process_that_was_forked_off_is_refused(calls: Streaming) -> None:
    iterator = written(calls, QUICK_MAX_CHANGES + 1)
    calls.call("GetRecords", ShardIterator=iterator)

    def read() -> None:
        with pytest.raises(StoreClosed):
            calls.call("GetRecords", ShardIterator=iterator)

    child = multiprocessing.get_context("fork").Process(target=read, daemon=True)
    child.start()
    child.join(30)
    code = child.exitcode
    child.kill()
    assert code == 0
