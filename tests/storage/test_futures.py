"""Futures of writes are futures in every respect.

Strategy: whatever is done with one is done with one of ``concurrent.futures`` beside it, and both have to answer alike;
then threads that wait, add callbacks and cancel while it is resolved, where each callback is called once and nobody is
forgotten.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, as_completed, wait
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ddbengine.storage.futures import Promised, Settled
from ddbengine.storage.store import Outcome

OUTCOME = Outcome(b"body")
ERROR = ValueError("no")
WAIT_SECONDS = 10


def answer(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (ValueError, CancelledError, NotInTime) as error:
        return type(error)


class Alike(RuleBasedStateMachine):
    """A future of a write and an ordinary one, used alike."""

    def __init__(self) -> None:
        super().__init__()
        self.ours, self.other = Promised(), Future[Outcome]()
        self.called: tuple[list[int], list[int]] = ([], [])
        self.callbacks = 0
        self.is_taken = self.is_resolved = False

    def both(self, action: Callable[[Any], Any]) -> Any:
        ours, other = answer(lambda: action(self.ours)), answer(lambda: action(self.other))
        assert ours == other
        assert self.called[0] == self.called[1]
        return ours

    @rule()
    def look(self) -> None:
        self.both(lambda future: (future.done(), future.running(), future.cancelled()))

    @rule()
    def ask_for_the_result(self) -> None:
        self.both(lambda future: future.result(timeout=0))

    @rule()
    def ask_for_the_error(self) -> None:
        self.both(lambda future: future.exception(timeout=0))

    @rule()
    def wait_with_others(self) -> None:
        self.both(lambda future: len(wait([future, Settled(OUTCOME)], timeout=0).done))

    @rule(fails=st.booleans())
    def add_a_callback(self, fails: bool) -> None:
        number = self.callbacks = self.callbacks + 1
        for future, called in zip((self.ours, self.other), self.called, strict=True):

            def callback(_: Any, called: list[int] = called) -> None:
                called.append(number)
                if fails:
                    raise RuntimeError("a callback that fails")

            future.add_done_callback(callback)
        assert self.called[0] == self.called[1]

    @rule()
    def cancel(self) -> None:
        self.both(lambda future: future.cancel())

    @precondition(lambda self: not self.is_taken)
    @rule()
    def run(self) -> None:
        self.is_taken = True
        if not self.both(lambda future: future.set_running_or_notify_cancel()):
            self.is_resolved = True

    @precondition(lambda self: self.is_taken and not self.is_resolved)
    @rule(result=st.sampled_from([OUTCOME, ERROR]))
    def resolve(self, result: Any) -> None:
        self.is_resolved = True
        self.ours.settle(result)
        if result is ERROR:
            self.other.set_exception(ERROR)
        else:
            self.other.set_result(OUTCOME)
        self.look()


TestAlike = Alike.TestCase


def test_whoever_waits_adds_a_callback_or_cancels_meanwhile_is_not_forgotten() -> None:
    for turn in range(300):
        future = Promised()
        called: list[int] = []
        results: list[Any] = []
        begin = threading.Barrier(5)

        def run(action: Callable[[], object], begin: threading.Barrier = begin) -> threading.Thread:
            def work() -> None:
                begin.wait(WAIT_SECONDS)
                action()

            thread = threading.Thread(target=work)
            thread.start()
            return thread

        def resolve(future: Promised = future) -> None:
            if future.set_running_or_notify_cancel():
                future.settle(OUTCOME)

        def add(future: Promised = future, called: list[int] = called) -> None:
            for number in range(20):
                future.add_done_callback(partial(lambda number, _: called.append(number), number))

        def ask(future: Promised = future, results: list[Any] = results) -> None:
            results.append(answer(lambda: future.result(WAIT_SECONDS)))

        def wait_for_it(future: Promised = future, results: list[Any] = results) -> None:
            assert next(as_completed([future], WAIT_SECONDS)) is future
            results.append(answer(future.result))

        cancel = future.cancel if turn % 2 else future.running
        threads = [run(action) for action in (resolve, add, ask, wait_for_it, cancel)]
        for thread in threads:
            thread.join()
        assert sorted(called) == list(range(20))
        assert results == [CancelledError if future.cancelled() else OUTCOME] * 2


def test_a_future_is_resolved_once() -> None:
    future = Promised()
    future.settle(OUTCOME)
    with pytest.raises(AssertionError):
        future.settle(OUTCOME)


def test_a_future_can_be_awaited_before_it_is_resolved() -> None:
    async def wait_for(future: Promised, result: Outcome | Exception) -> Outcome:
        asyncio.get_running_loop().run_in_executor(None, future.settle, result)
        return await asyncio.wait_for(asyncio.wrap_future(future), WAIT_SECONDS)

    assert asyncio.run(wait_for(Promised(), OUTCOME)) is OUTCOME
    with pytest.raises(ValueError, match="no"):
        asyncio.run(wait_for(Promised(), ERROR))


# --- the future of a write that needed no waiting ------------------------------------------------


def test_a_settled_future_is_a_future_in_every_respect() -> None:
    outcome, error = Outcome(b"body"), ValueError("no")
    good, bad = Settled(outcome), Settled(error)
    assert (good.done(), good.result(), good.exception()) == (True, outcome, None)
    assert bad.exception() is error
    with pytest.raises(ValueError, match="no"):
        bad.result()
    assert not good.cancel()
    assert not good.cancelled()
    assert not good.running()
    called: list[object] = []
    good.add_done_callback(called.append)
    assert called == [good]
    assert set(as_completed([Settled(outcome), good], timeout=1)) >= {good}
    assert wait([good, bad]).done == {good, bad}
    assert "finished" in repr(good)
    with pytest.raises(AttributeError):
        _ = good.nothing_of_the_kind


def test_a_settled_future_can_be_awaited() -> None:
    async def wait_for(future: Settled) -> Outcome:
        return await asyncio.wrap_future(future)

    assert asyncio.run(wait_for(Settled(Outcome(b"body")))).body == b"body"
    with pytest.raises(ValueError, match="no"):
        asyncio.run(wait_for(Settled(ValueError("no"))))
