"""Gathering records into batches.

Strategy: pages of any size, wanted and unwanted records, times in between.  Invariants: every wanted record is in one
batch, in order; a batch reaches no further than its records, but at the end of what was read.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ddbengine.consumer.batches import Batcher
from ddbengine.consumer.events import Record, sequence_number
from tests.consumer.fake_stream import number, record


def test_a_batch_is_due_when_it_is_full() -> None:
    batcher = Batcher(2, 10.0)
    batcher.add([record(1)], number(1), now=0.0)
    assert batcher.due(1.0) is None
    assert batcher.wait_seconds(1.0) == 9.0
    batcher.add([record(2), record(3)], number(3), now=2.0)
    batch = batcher.due(2.0)
    assert batch is not None
    assert batch.records == (record(1), record(2))
    assert batcher.due(2.0) is None


def test_a_batch_is_due_when_its_window_is_over() -> None:
    batcher = Batcher(100, 10.0)
    batcher.add([record(1)], number(1), now=5.0)
    assert batcher.due(14.9) is None
    assert batcher.due(15.0) is not None


def test_without_a_window_nothing_waits() -> None:
    batcher = Batcher(100, 0.0)
    batcher.add([record(1)], number(1), now=5.0)
    assert batcher.due(5.0) is not None
    assert batcher.wait_seconds(5.0) is None


def test_at_a_shards_end_nothing_waits() -> None:
    batcher = Batcher(100, 10.0)
    batcher.add([record(1)], number(1), now=5.0)
    assert batcher.due(5.0, is_end=True) is not None


def test_a_batch_reaches_over_what_was_not_wanted() -> None:
    batcher = Batcher(100, 0.0)
    batcher.add([record(1), record(3)], number(9), now=0.0)
    batch = batcher.due(0.0)
    assert batch is not None
    assert [batch.reached_after(done) for done in (0, 1, 2)] == [None, number(1), number(9)]


def test_what_was_not_wanted_is_passed_when_nothing_waits() -> None:
    batcher = Batcher(100, 10.0)
    batcher.add([], number(4), now=0.0)
    assert batcher.passed() == number(4)
    batcher.add([record(5)], number(5), now=0.0)
    assert batcher.passed() is None


@given(st.lists(st.lists(st.booleans(), max_size=7), max_size=12), st.integers(1, 5), st.sampled_from([0.0, 1.0, 3.0]))
def test_every_wanted_record_is_in_one_batch_in_order(pages: list[list[bool]], size: int, window: float) -> None:
    batcher, at = Batcher(size, window), 0
    wanted: list[Record] = []
    delivered: list[Record] = []
    for now, page in enumerate(pages):
        records = [record(at + offset) for offset, is_wanted in enumerate(page) if is_wanted]
        at += len(page)
        wanted += records
        batcher.add(records, number(at - 1) if page else None, float(now))
        is_end = now == len(pages) - 1
        while (batch := batcher.due(float(now), is_end=is_end)) is not None:
            assert 1 <= len(batch.records) <= size
            delivered += batch.records
            read_up_to = number(at - 1)
            assert batch.reaches == (read_up_to if len(batcher) == 0 else sequence_number(delivered[-1]))
    assert delivered == wanted
