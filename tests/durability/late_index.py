"""A global index that is created and deleted now and then on a table under load, with so many items that it is filled
while clients write.

Its state is known like that of a key in a ledger: as the last acknowledged UpdateTable left it, or as one that was
never answered would have.  An index that is there must come to be ACTIVE, however often the server is killed meanwhile,
and then holds exactly what the table does.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any

from tests.durability.clients import TABLE, Client, Gone, Refused, connected, key_of
from tests.durability.ledger import Item, Key
from tests.tables import global_index, including

BY_WRITTEN = "by-written"
BALLAST = "ballast"
BALLAST_ITEMS = 5_000
"""More than UpdateTable puts into an index by itself, and than a few of the parts that follow."""
BATCH_ITEMS = 25
ACTIVE_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.02

_INDEX = global_index(BY_WRITTEN, "written", (), including("colour"))
_HELD = {"pk", "sk", "written", "colour"}
_CREATE = {
    "AttributeDefinitions": [{"AttributeName": "written", "AttributeType": "S"}],
    "GlobalSecondaryIndexUpdates": [{"Create": {name: value for name, value in _INDEX.items() if name != "types"}}],
}
_DELETE = {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": BY_WRITTEN}}]}


def add_ballast(client: Client) -> None:
    """Items that no writer touches; every one is acknowledged."""
    for first in range(0, BALLAST_ITEMS, BATCH_ITEMS):
        numbers = range(first, first + BATCH_ITEMS)
        requests = [{"PutRequest": {"Item": _ballast(number)}} for number in numbers]
        answer = client.call("BatchWriteItem", {"RequestItems": {TABLE: requests}})
        assert answer["UnprocessedItems"] == {}, answer


def without_ballast(items: dict[Key, Item]) -> tuple[dict[Key, Item], list[str]]:
    """The other items, and what is wrong with the ballast."""
    due = {key_of(item): item for item in map(_ballast, range(BALLAST_ITEMS))}
    found = {key: item for key, item in items.items() if key[0].startswith(BALLAST)}
    problems = [] if found == due else [f"the ballast has {len(found)} items that are not those that were put"]
    return {key: item for key, item in items.items() if key not in found}, problems


def _ballast(number: int) -> Item:
    return {
        "pk": {"S": f"{BALLAST}.{number % 50}"},
        "sk": {"S": f"{number:06}"},
        "written": {"S": f"{BALLAST} {number % 700}"},
    }


@dataclass
class LateIndex:
    possible: set[bool] = field(default_factory=lambda: {False})
    """Whether the index is there."""
    created: int = 0
    """Times that a creation was acknowledged while the index was not filled yet."""
    compared: int = 0

    def switch(self, port: int) -> None:
        """Create the index, or delete it; the server may be killed meanwhile."""
        if len(self.possible) > 1:
            return
        [was] = self.possible
        self.possible = {True, False}
        with connected(port) as client:
            try:
                answer = client.call("UpdateTable", {"TableName": TABLE, **(_DELETE if was else _CREATE)})
            except Gone:
                return
            except Refused as refused:
                if not refused.promises_nothing:
                    raise
                return
        self.possible = {not was}
        self.created += not was and _status(answer["TableDescription"]) == "CREATING"

    def compare(self, client: Client, items: dict[Key, Item], chance: random.Random, wait: bool) -> list[str]:
        """What is wrong with the index; one that is being filled is mostly waited for, and always with ``wait``."""
        status = _status(client.call("DescribeTable", {"TableName": TABLE})["Table"])
        is_there = status is not None
        if is_there not in self.possible:
            return [f"{BY_WRITTEN} is {'' if is_there else 'not '}there"]
        self.possible = {is_there}
        if not is_there or (status == "CREATING" and not wait and chance.random() < 0.4):
            return []
        deadline = time.monotonic() + ACTIVE_TIMEOUT_SECONDS
        while _status(client.call("DescribeTable", {"TableName": TABLE})["Table"]) != "ACTIVE":
            if time.monotonic() > deadline:
                return [f"{BY_WRITTEN} is not filled"]
            time.sleep(POLL_SECONDS)
        self.compared += 1
        due = {
            key: {name: value for name, value in item.items() if name in _HELD}
            for key, item in items.items()
            if "written" in item
        }
        entries = client.scan(IndexName=BY_WRITTEN)
        found = {key_of(entry): entry for entry in entries}
        problems = [] if len(found) == len(entries) else [f"{BY_WRITTEN} has an item twice"]
        return problems + [
            f"{BY_WRITTEN} holds {found.get(key)} of {key}, not {due.get(key)}"
            for key in found.keys() | due.keys()
            if found.get(key) != due.get(key)
        ]


def _status(table: dict[str, Any]) -> str | None:
    statuses = (
        str(index["IndexStatus"])
        for index in table.get("GlobalSecondaryIndexes", ())
        if index["IndexName"] == BY_WRITTEN and index["IndexStatus"] != "DELETING"
    )
    return next(statuses, None)
