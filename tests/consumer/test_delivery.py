"""Retries, bisection, partial answers and giving up: the pure state machine, against handlers of every temper.

Strategy: batches of any size, handlers that fail on a set of bad records (always, or only so often), with Lambda's
answers.  Invariants: records are done in order; a good record is never given up alone; with bisection exactly the bad
ones are given up; attempts stay within their limit.  Not covered: time (see test_shard_work.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.consumer.delivery import FAILED, SUCCEEDED, Attempt, Delivery, GiveUp, Policy, lowest_failure

NUMBERS = ["11", "12", "13"]


def failures(*numbers: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, SUCCEEDED),
        ({}, SUCCEEDED),
        ({"batchItemFailures": None}, SUCCEEDED),
        ({"batchItemFailures": []}, SUCCEEDED),
        ("done", SUCCEEDED),
        (failures("11"), 0),
        (failures("12"), 1),
        (failures("13", "12"), 1),
        (failures(""), FAILED),
        (failures(None), FAILED),
        (failures("99"), FAILED),
        (failures("13", "99"), FAILED),
        ({"batchItemFailures": [{"itemIdentifer": "12"}]}, FAILED),
        ({"batchItemFailures": ["12"]}, FAILED),
        ({"batchItemFailures": "12"}, FAILED),
    ],
)
def test_an_answer_is_read_as_lambda_reads_it(answer: Any, failed: int | None) -> None:
    assert lowest_failure(answer, NUMBERS) == failed


def test_a_batch_that_succeeds_is_over() -> None:
    delivery = Delivery(3, Policy())
    assert delivery.next() == Attempt(0, 3, is_again=False)
    delivery.result(SUCCEEDED)
    assert delivery.is_over


def test_a_failed_batch_is_sent_again_whole_and_without_end() -> None:
    delivery = Delivery(3, Policy())
    for _ in range(1000):
        delivery.result(FAILED)
        assert delivery.next() == Attempt(0, 3, is_again=True)


def test_after_a_partial_answer_the_rest_is_sent() -> None:
    delivery = Delivery(5, Policy())
    delivery.result(2)
    assert delivery.done == 2
    assert delivery.next() == Attempt(2, 5, is_again=True)


def test_a_batch_is_given_up_whole_after_its_attempts() -> None:
    delivery = Delivery(3, Policy(attempts_max=2))
    delivery.result(FAILED)
    delivery.result(FAILED)
    assert delivery.next() == GiveUp(0, 3, 2)
    delivery.given_up()
    assert delivery.is_over


def test_progress_gives_the_next_record_attempts_of_its_own() -> None:
    delivery = Delivery(3, Policy(attempts_max=2))
    delivery.result(FAILED)
    delivery.result(1)
    assert delivery.next() == Attempt(1, 3, is_again=True)
    delivery.result(FAILED)
    assert delivery.next() == GiveUp(1, 3, 2)


def test_bisection_cuts_in_half_and_costs_no_attempt() -> None:
    delivery = Delivery(4, Policy(attempts_max=1, bisect=True))
    delivery.result(FAILED)
    assert delivery.next() == Attempt(0, 2, is_again=True)
    delivery.result(FAILED)
    assert delivery.next() == Attempt(0, 1, is_again=True)
    delivery.result(FAILED)
    assert delivery.next() == GiveUp(0, 1, 1)
    delivery.given_up()
    assert delivery.next() == Attempt(1, 2, is_again=False)
    delivery.result(SUCCEEDED)
    assert delivery.next() == Attempt(2, 4, is_again=False)


policies = st.builds(Policy, attempts_max=st.integers(1, 4), bisect=st.booleans())


@given(st.data(), st.integers(1, 40), policies, st.booleans())
def test_every_batch_comes_to_an_end_in_order(data: st.DataObject, size: int, policy: Policy, partial: bool) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1)), "bad records")
    tempers = {at: data.draw(st.integers(1, 6), f"failures of {at}") for at in bad}
    delivery, sent = Delivery(size, policy), Counter[tuple[int, int]]()
    handled: list[int] = []
    dead: list[int] = []
    while not delivery.is_over:
        step = delivery.next()
        assert step.first == len(handled) + len(dead) == delivery.done
        records = range(step.first, step.end)
        if isinstance(step, GiveUp):
            dead += list(records)
            delivery.given_up()
            continue
        sent[step.first, step.end] += 1
        failing = next((at for at in records if tempers.get(at, 0) > 0), None)
        if failing is None:
            handled += list(records)
            delivery.result(SUCCEEDED)
            continue
        tempers[failing] -= 1
        done = failing - step.first if partial else 0
        handled += list(range(step.first, step.first + done))
        delivery.result(done)
    assert sorted(handled + dead) == list(range(size))
    assert handled == sorted(handled)
    assert dead == sorted(dead)
    if policy.bisect:
        assert set(dead) <= bad
    assert all(times <= (policy.attempts_max or 0) for times in sent.values())


@given(st.data(), st.integers(1, 64), st.integers(1, 3))
def test_bisection_gives_up_exactly_the_records_that_always_fail(data: st.DataObject, size: int, attempts: int) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1)))
    delivery = Delivery(size, Policy(attempts, bisect=True))
    dead: set[int] = set()
    while not delivery.is_over:
        step = delivery.next()
        if isinstance(step, GiveUp):
            dead.update(range(step.first, step.end))
            delivery.given_up()
        else:
            delivery.result(FAILED if bad.intersection(range(step.first, step.end)) else SUCCEEDED)
    assert dead == bad
