"""A consumer that replays a table's stream into a copy of the table, over any number of restarts.

It remembers what a consumer does: how far it has read each shard.  Each record has to fit what the copy holds: its old
image is the item before it.  So a record that is lost, doubled or out of order is a problem, if not at once then when
the copy is compared with the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.durability.clients import Client
from tests.durability.ledger import Item

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
_PAGE_RECORDS = 500


@dataclass
class Replay:
    copy: dict[tuple[str, str], Item] = field(default_factory=dict)
    read_to: dict[str, str] = field(default_factory=dict)
    """By shard id, the sequence number of the last record."""
    ended: set[str] = field(default_factory=set)
    records: int = 0

    def catch_up(self, client: Client, table_name: str) -> list[str]:
        """Read all there is now; what is wrong with it."""
        (stream,) = client.call("ListStreams", {"TableName": table_name})["Streams"]
        problems: list[str] = []
        for shard in _shards(client, stream["StreamArn"]):
            name = shard["ShardId"]
            if name in self.ended:
                continue
            for record in self._behind(client, stream["StreamArn"], name):
                problems += self._apply(record["dynamodb"], name)
        return problems

    def compare(self, items: list[Item]) -> list[str]:
        """What the copy has otherwise than the table."""
        held = {_key(item): item for item in items}
        return [
            f"the stream makes {key} {self.copy.get(key)}, the table has {held.get(key)}"
            for key in held.keys() | self.copy.keys()
            if held.get(key) != self.copy.get(key)
        ]

    def _behind(self, client: Client, arn: str, shard_id: str) -> list[dict[str, Any]]:
        """The records of a shard behind the last one read."""
        place: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
        if shard_id in self.read_to:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.read_to[shard_id]}
        request = {"StreamArn": arn, "ShardId": shard_id, **place}
        iterator = client.call("GetShardIterator", request)["ShardIterator"]
        found: list[dict[str, Any]] = []
        while True:
            page = client.call("GetRecords", {"ShardIterator": iterator, "Limit": _PAGE_RECORDS})
            found += page["Records"]
            if "NextShardIterator" not in page:
                self.ended.add(shard_id)
                return found
            if not page["Records"]:
                return found
            iterator = page["NextShardIterator"]

    def _apply(self, change: dict[str, Any], shard_id: str) -> list[str]:
        key = _key(change["Keys"])
        before = self.copy.pop(key, None)
        self.records += 1
        problems = []
        if change["SequenceNumber"] <= self.read_to.get(shard_id, ""):
            problems.append(f"{key}: record {change['SequenceNumber']} comes behind {self.read_to[shard_id]}")
        if change.get("OldImage") != before:
            problems.append(f"{key}: record {change['SequenceNumber']} does not follow the one before")
        if "NewImage" in change:
            self.copy[key] = change["NewImage"]
        self.read_to[shard_id] = change["SequenceNumber"]
        return problems


def _shards(client: Client, arn: str) -> list[dict[str, Any]]:
    """In the order in which they were made: parents come before their children."""
    shards: list[dict[str, Any]] = []
    start: dict[str, str] = {}
    while True:
        described = client.call("DescribeStream", {"StreamArn": arn, **start})["StreamDescription"]
        shards += described["Shards"]
        if "LastEvaluatedShardId" not in described:
            return shards
        start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
