"""A shop in one table: a customer and all its orders are one item collection.

| item | pk | sk | open, placed |
| --- | --- | --- | --- |
| customer | ``CUSTOMER#<id>`` | ``CUSTOMER`` | |
| order | ``CUSTOMER#<id>`` | ``ORDER#<time>#<id>`` | ``OPEN`` and the time, until it is shipped |

Two access patterns, each a single query: a customer with its latest orders (the table), and the open orders of all
customers, oldest first (the index ``open-orders``, which holds nothing else, since shipped orders have no ``open``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Key

TABLE = "shop"


@dataclass(frozen=True)
class Order:
    customer: str
    id: str
    placed: str
    """ISO 8601, in UTC: sorts as time does."""
    total: Decimal
    is_open: bool


@dataclass(frozen=True)
class Customer:
    id: str
    name: str
    spent: Decimal


class NoSuchCustomer(Exception):
    pass


class AlreadyShipped(Exception):
    pass


class Shop:
    """Over a boto3 DynamoDB resource."""

    def __init__(self, resource: Any) -> None:
        self._table = resource.Table(TABLE)
        self._client = resource.meta.client

    def add_customer(self, id: str, name: str) -> None:
        self._table.put_item(Item={"pk": _customer(id), "sk": "CUSTOMER", "name": name, "spent": 0})

    def place(self, order: Order) -> None:
        """Store an order and add it to what its customer has spent, both or neither."""
        item = {
            "pk": _customer(order.customer),
            "sk": _order(order),
            "id": order.id,
            "placed": order.placed,
            "total": order.total,
            "open": "OPEN",
        }
        spend = {
            "TableName": TABLE,
            "Key": {"pk": _customer(order.customer), "sk": "CUSTOMER"},
            "UpdateExpression": "ADD spent :total",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":total": order.total},
        }
        try:
            self._client.transact_write_items(
                TransactItems=[{"Update": spend}, {"Put": {"TableName": TABLE, "Item": item}}]
            )
        except self._client.exceptions.TransactionCanceledException as error:
            if error.response["CancellationReasons"][0]["Code"] == "ConditionalCheckFailed":
                raise NoSuchCustomer(order.customer) from error
            raise

    def ship(self, order: Order) -> None:
        """Take an order out of the open ones, once."""
        try:
            self._table.update_item(
                Key={"pk": _customer(order.customer), "sk": _order(order)},
                UpdateExpression="REMOVE #open",
                ConditionExpression="attribute_exists(#open)",
                ExpressionAttributeNames={"#open": "open"},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise AlreadyShipped(order.id) from error

    def customer_with_latest_orders(self, id: str, orders: int = 10) -> tuple[Customer, list[Order]]:
        """A customer and its latest orders, newest first."""
        # CUSTOMER sorts before ORDER#, so backwards it comes last; a second query would be needed behind many orders.
        found = self._table.query(
            KeyConditionExpression=Key("pk").eq(_customer(id)), ScanIndexForward=False, Limit=orders + 1
        )["Items"]
        if found and found[-1]["sk"] == "CUSTOMER":
            customer = found.pop()
        else:
            customer = self._table.get_item(Key={"pk": _customer(id), "sk": "CUSTOMER"}).get("Item")
        if customer is None:
            raise NoSuchCustomer(id)
        return Customer(id, customer["name"], customer["spent"]), [_as_order(item) for item in found[:orders]]

    def open_orders(self) -> Iterator[Order]:
        """The open orders of all customers, oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=TABLE, IndexName="open-orders", KeyConditionExpression=Key("open").eq("OPEN")
        )
        for page in pages:
            yield from map(_as_order, page["Items"])


def _customer(id: str) -> str:
    return f"CUSTOMER#{id}"


def _order(order: Order) -> str:
    return f"ORDER#{order.placed}#{order.id}"


def _as_order(item: Mapping[str, Any]) -> Order:
    return Order(item["pk"].removeprefix("CUSTOMER#"), item["id"], item["placed"], item["total"], "open" in item)
