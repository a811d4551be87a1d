"""Each test has a shop of its own, with two customers that are put into the store once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from shop import AlreadyShipped, Customer, NoSuchCustomer, Order, Shop


@pytest.fixture(scope="session")
def dynamodb_prepare() -> Callable[[Any], None]:
    def prepare(engine: Any) -> None:
        shop = Shop(engine.resource())
        shop.add_customer("ann", "Ann")
        shop.add_customer("bob", "Bob")

    return prepare


@pytest.fixture
def shop(dynamodb_resource: Any) -> Shop:
    return Shop(dynamodb_resource)


def order(customer: str, number: int) -> Order:
    return Order(customer, f"o{number}", f"2026-01-{number:02}T12:00:00Z", Decimal(number), is_open=True)


def test_a_customer_comes_with_its_latest_orders(shop: Shop) -> None:
    for number in range(1, 6):
        shop.place(order("ann", number))
    shop.place(order("bob", 6))
    customer, orders = shop.customer_with_latest_orders("ann", orders=3)
    assert customer == Customer("ann", "Ann", Decimal(15))
    assert orders == [order("ann", number) for number in (5, 4, 3)]
    assert shop.customer_with_latest_orders("ann")[1] == [order("ann", number) for number in (5, 4, 3, 2, 1)]


def test_a_customer_without_orders_comes_alone(shop: Shop) -> None:
    assert shop.customer_with_latest_orders("bob") == (Customer("bob", "Bob", Decimal(0)), [])
    with pytest.raises(NoSuchCustomer):
        shop.customer_with_latest_orders("eve")


def test_open_orders_of_all_customers_come_oldest_first(shop: Shop) -> None:
    for placed in (order("ann", 3), order("bob", 2), order("ann", 1)):
        shop.place(placed)
    shop.ship(order("bob", 2))
    assert list(shop.open_orders()) == [order("ann", 1), order("ann", 3)]
    assert shop.customer_with_latest_orders("bob")[1] == [replace(order("bob", 2), is_open=False)]


def test_an_order_is_shipped_once(shop: Shop) -> None:
    shop.place(order("ann", 1))
    shop.ship(order("ann", 1))
    with pytest.raises(AlreadyShipped):
        shop.ship(order("ann", 1))


def test_an_order_of_nobody_is_not_stored(shop: Shop, dynamodb_client: Any) -> None:
    with pytest.raises(NoSuchCustomer):
        shop.place(order("eve", 1))
    assert dynamodb_client.scan(TableName="shop")["Count"] == 2
