"""The relay: takes messages from the outbox, publishes them, and deletes their rows.

    python relay.py            # what is in the outbox of your AWS account and region, to the standard output

The stream of the outbox says *that* an order has messages; *which* is read from the outbox itself, in order.  So the
messages of an order are published in the order of its changes, whatever fails and however often it is tried.  A message
whose row could not be deleted after it was published is published again: with the same id, by which whoever receives it
can tell.  Relays may run in any number; they share the shards of the stream, and with them the orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from orders import OUTBOX

from ddbengine.consumer import Options
from ddbengine.streams import Consumer

APPLICATION = "outbox-relay"
"""The name of the table in which relays keep who reads what, and how far."""
NEW_ROWS = {"eventName": ["INSERT"]}
"""Deletions are in the stream too: the relay's own."""


@dataclass(frozen=True)
class Message:
    order: str
    version: int
    event: str

    @property
    def id(self) -> str:
        return f"{self.order}#{self.version}"


class Relay:
    """Publishes with a function that raises when a message has not been taken; the message is then tried again."""

    def __init__(self, session: Any, publish: Callable[[Message], None], **options: Any) -> None:
        """``session`` is a boto3 session; ``options`` are those of ``ddbengine.consumer.Options``."""
        self._publish = publish
        self._outbox = session.resource("dynamodb").Table(OUTBOX)
        self._consumer = Consumer(
            OUTBOX,
            self._handle,
            session=session,
            options=Options(application=APPLICATION, filters=[NEW_ROWS], **options),
        )

    def run(self) -> None:
        """Relay until ``stop`` is called by another thread or a signal handler."""
        self._consumer.run()

    def stop(self) -> None:
        self._consumer.stop()

    def publish_all_of(self, order: str) -> None:
        """Publish what the outbox has of one order, oldest first."""
        while True:
            rows = self._outbox.query(KeyConditionExpression=Key("order").eq(order), ConsistentRead=True)["Items"]
            if not rows:
                return
            for row in rows:
                self._publish(Message(order, int(row["version"]), row["event"]))
                self._outbox.delete_item(Key={"order": order, "version": row["version"]})

    def _handle(self, event: dict[str, Any]) -> None:
        for order in dict.fromkeys(record["dynamodb"]["Keys"]["order"]["S"] for record in event["Records"]):
            self.publish_all_of(order)


if __name__ == "__main__":
    Relay(boto3.Session(), lambda message: print(message.id, message.event, flush=True)).run()
