"""Orders, each change of which is stored together with a message that tells of it: both or neither.

A message is a row of the outbox under its order and the version that the order then has.  An order has at most one
change of each version, so the rows of an order are in the order of its changes, without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ORDERS = "orders"
OUTBOX = "outbox"


@dataclass(frozen=True)
class Order:
    id: str
    version: int
    status: str


class OrderExists(Exception):
    pass


class OrderChanged(Exception):
    """Somebody else has changed the order since it was read: read it again."""


class Orders:
    """Over a boto3 DynamoDB resource."""

    def __init__(self, resource: Any) -> None:
        self._client = resource.meta.client
        self._table = resource.Table(ORDERS)

    def find(self, id: str) -> Order | None:
        item = self._table.get_item(Key={"id": id}, ConsistentRead=True).get("Item")
        return None if item is None else Order(id, int(item["version"]), item["status"])

    def place(self, id: str) -> Order:
        order = Order(id, 1, "placed")
        put = {
            "TableName": ORDERS,
            "Item": {"id": id, "version": 1, "status": order.status},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if not self._stored({"Put": put}, order):
            raise OrderExists(id)
        return order

    def change(self, order: Order, status: str) -> Order:
        """The order in its next status; raise OrderChanged when it is no longer as given."""
        changed = Order(order.id, order.version + 1, status)
        update = {
            "TableName": ORDERS,
            "Key": {"id": order.id},
            "UpdateExpression": "SET version = :version, #status = :status",
            "ConditionExpression": "version = :before",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":version": changed.version, ":before": order.version, ":status": status},
        }
        if not self._stored({"Update": update}, changed):
            raise OrderChanged(order.id)
        return changed

    def _stored(self, write: dict[str, Any], order: Order) -> bool:
        """Carry out a write of an order, with its message; False if its condition does not hold."""
        message = {"order": order.id, "version": order.version, "event": f"order {order.status}"}
        try:
            self._client.transact_write_items(
                TransactItems=[write, {"Put": {"TableName": OUTBOX, "Item": message}}],
            )
        except self._client.exceptions.TransactionCanceledException as error:
            if error.response["CancellationReasons"][0]["Code"] == "ConditionalCheckFailed":
                return False
            raise
        return True
