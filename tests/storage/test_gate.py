from __future__ import annotations

import threading

import pytest

from ddbengine.storage.errors import StoreClosed
from ddbengine.storage.gate import Gate


def enter(gate: Gate, reader: object) -> None:
    gate.inside.add(reader)
    if gate.shut:
        gate.wait(reader)


def test_a_closed_gate_holds_readers_back_until_it_opens() -> None:
    gate = Gate()
    passed = threading.Event()

    def reader() -> None:
        enter(gate, "late")
        passed.set()

    with gate.closed(5):
        thread = threading.Thread(target=reader)
        thread.start()
        assert not passed.wait(0.05)
        assert not gate.inside
    assert passed.wait(5)
    thread.join()
    assert gate.inside == {"late"}


def test_closing_waits_for_the_readers_inside() -> None:
    gate = Gate()
    enter(gate, "early")
    timer = threading.Timer(0.05, gate.left, ["early"])
    timer.start()
    with gate.closed(5):
        assert not gate.inside
    timer.join()
    assert not gate.shut


def test_readers_that_stay_make_closing_fail_and_leave_the_gate_open() -> None:
    gate = Gate()
    enter(gate, "stubborn")
    with pytest.raises(TimeoutError, match="1 reads are still open"), gate.closed(0.01):
        pytest.fail("somebody is inside")
    assert not gate.shut
    enter(gate, "next")


def test_a_gate_that_refuses_lets_nobody_in_and_wakes_who_waits() -> None:
    gate = Gate()
    refused: list[Exception] = []

    def reader() -> None:
        try:
            enter(gate, "late")
        except StoreClosed as error:
            refused.append(error)

    with gate.closed(5):
        thread = threading.Thread(target=reader)
        thread.start()
        gate.refuse("the store is closed", 5)
        thread.join(5)
    assert [str(error) for error in refused] == ["the store is closed"]
    assert gate.shut
    assert not gate.inside
    with pytest.raises(StoreClosed):
        enter(gate, "later")
