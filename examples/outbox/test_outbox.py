"""Each test has its own tables, and relays that consume a stream of its own, all in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from orders import OUTBOX, Order, OrderChanged, OrderExists, Orders
from relay import Message, Relay

PATIENCE_SECONDS = 30


class BrokerDown(Exception):
    pass


class Broker:
    """Remembers what was published; may be told to fail."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.before: Callable[[Message], None] = lambda message: None
        self.after: Callable[[Message], None] = lambda message: None
        self._more = threading.Condition()

    def publish(self, message: Message) -> None:
        self.before(message)
        with self._more:
            self.taken.append(message)
            self._more.notify_all()
        self.after(message)

    def wait_for(self, messages: int) -> None:
        """Until there are so many different ones."""
        with self._more:
            assert self._more.wait_for(lambda: len(set(self.taken)) >= messages, PATIENCE_SECONDS), self.taken

    def versions(self) -> dict[str, list[int]]:
        """What was told of each order."""
        told: dict[str, list[int]] = {}
        for message in self.taken:
            told.setdefault(message.order, []).append(message.version)
        return told


@pytest.fixture
def orders(dynamodb_resource: Any) -> Orders:
    return Orders(dynamodb_resource)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@contextmanager
def relays(engine: Any, broker: Broker, number: int = 1) -> Iterator[None]:
    """So many relays at work."""
    working = [
        Relay(engine.session(), broker.publish, poll_seconds=0.01, retry_seconds=0.01, worker=f"relay {place}")
        for place in range(number)
    ]
    with ThreadPoolExecutor(number) as pool:
        running = [pool.submit(relay.run) for relay in working]
        try:
            yield
        finally:
            for relay in working:
                relay.stop()
    for run in running:
        run.result()


def rows_of(engine: Any) -> list[tuple[str, int]]:
    return sorted((row["order"]["S"], int(row["version"]["N"])) for row in engine.scan_all(OUTBOX))


def test_an_order_and_its_message_are_stored_together(orders: Orders, dynamodb: Any) -> None:
    placed = orders.place("a")
    assert orders.change(placed, "paid") == orders.find("a") == Order("a", 2, "paid")
    assert rows_of(dynamodb) == [("a", 1), ("a", 2)]


def test_a_change_that_is_refused_leaves_no_message(orders: Orders, dynamodb: Any) -> None:
    placed = orders.place("a")
    orders.change(placed, "paid")
    with pytest.raises(OrderChanged):
        orders.change(placed, "cancelled")
    with pytest.raises(OrderExists):
        orders.place("a")
    assert orders.find("a") == Order("a", 2, "paid")
    assert rows_of(dynamodb) == [("a", 1), ("a", 2)]


def test_messages_are_published_in_the_order_of_the_changes_and_leave_the_outbox(
    orders: Orders, dynamodb: Any, broker: Broker
) -> None:
    with relays(dynamodb, broker):
        for id in ("a", "b", "c"):
            orders.change(orders.change(orders.place(id), "paid"), "shipped")
        broker.wait_for(9)
    assert broker.versions() == {id: [1, 2, 3] for id in ("a", "b", "c")}
    assert [message.event for message in broker.taken if message.order == "b"] == [
        "order placed",
        "order paid",
        "order shipped",
    ]
    assert rows_of(dynamodb) == []


def test_a_broker_that_is_down_gets_everything_later_in_order(orders: Orders, dynamodb: Any, broker: Broker) -> None:
    failures = iter(range(3))

    def fail(message: Message) -> None:
        if message.version == 2 and next(failures, None) is not None:
            raise BrokerDown

    broker.before = fail
    orders.change(orders.change(orders.place("a"), "paid"), "shipped")
    with relays(dynamodb, broker):
        broker.wait_for(3)
    assert broker.versions() == {"a": [1, 2, 3]}
    assert rows_of(dynamodb) == []


def test_a_message_of_which_nobody_knows_whether_it_was_taken_comes_again_before_the_next(
    orders: Orders, dynamodb: Any, broker: Broker
) -> None:
    failures = iter(range(1))

    def lose_the_answer(message: Message) -> None:
        if message.version == 2 and next(failures, None) is not None:
            raise BrokerDown

    broker.after = lose_the_answer
    orders.change(orders.change(orders.place("a"), "paid"), "shipped")
    with relays(dynamodb, broker):
        broker.wait_for(3)
    assert [message.id for message in broker.taken] == ["a#1", "a#2", "a#2", "a#3"]


def test_a_relay_that_was_away_goes_on_where_it_was(orders: Orders, dynamodb: Any, broker: Broker) -> None:
    order = orders.place("a")
    with relays(dynamodb, broker):
        broker.wait_for(1)
    order = orders.change(order, "paid")
    with relays(dynamodb, broker):
        broker.wait_for(2)
    assert broker.versions() == {"a": [1, 2]}


@pytest.mark.dynamodb_options(partitions=4)
def test_several_relays_keep_the_order_of_each_order_while_many_write(
    orders: Orders, dynamodb: Any, broker: Broker
) -> None:
    def write(writer: int) -> None:
        for step in range(10):
            id = f"order {(writer + step) % 5}"
            while True:
                order = orders.find(id)
                try:
                    if order is None:
                        orders.place(id)
                    else:
                        orders.change(order, f"changed by {writer}")
                    break
                except (OrderChanged, OrderExists):
                    continue

    with relays(dynamodb, broker, 2):
        with ThreadPoolExecutor(4) as writers:
            list(writers.map(write, range(4)))
        broker.wait_for(40)
    assert broker.versions() == {f"order {number}": list(range(1, 9)) for number in range(5)}
    assert rows_of(dynamodb) == []
