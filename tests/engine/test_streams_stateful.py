"""Random writes, splits, rollovers, switches and restarts: a stream has each change once, in order for each key.

Strategy: a few keys, written one by one, in transactions and by time to live; a model keeps the history of each key
while the stream is on.  Partitions are split anywhere, shards roll over, the store is closed and opened again.  A slow
consumer that keeps nothing but iterators reads along.  Invariants: what it has read is a beginning of what the stream
has; at the end the shards of all streams, one behind the other, are the history of each key; sequence numbers of a key
grow, event ids are unique; the whole-database check.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ddbengine.engine.context import StreamSettings
from ddbengine.engine.engine import Engine
from ddbengine.engine.expiration import Expiration
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.opening import open_engine
from ddbengine.streams.rows import HASHES
from tests.engine.streaming import BOTH, Record, Streaming, Time, sequence_numbers
from tests.engine.whole_check import check_database
from tests.wire import Item, N, S

KEYS = [f"key-{number}" for number in range(6)]
ROLLOVER_SECONDS = 10.0
Change = tuple[str, Any, Any]


class Reader:
    """Reads a stream page by page from what DescribeStream and its iterators say, parents before their children."""

    def __init__(self, calls: Streaming, arn: str) -> None:
        self.calls = calls
        self.arn = arn
        self.iterators: dict[str, str | None] = {}
        """By shard: where to read on, None at the end of a closed one."""
        self.records: list[Record] = []

    def turn(self, limit: int) -> bool:
        """Read a page of every shard whose parent is read to its end; whether there was anything."""
        found = False
        for shard in self.calls.shards(self.arn):
            name, parent = shard["ShardId"], shard.get("ParentShardId")
            if parent is not None and self.iterators.get(parent, "") is not None:
                continue
            if name not in self.iterators:
                self.iterators[name] = self.calls.iterator(self.arn, shard)
            iterator = self.iterators[name]
            if iterator is None:
                continue
            page = self.calls.call("GetRecords", ShardIterator=iterator, Limit=limit)
            self.iterators[name] = page.get("NextShardIterator")
            self.records += page["Records"]
            found = found or bool(page["Records"]) or self.iterators[name] is None
        return found


class Streams(RuleBasedStateMachine):
    @initialize(partitions=st.integers(1, 3), in_memory=st.booleans())
    def start(self, partitions: int, in_memory: bool) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.path = None if in_memory else Path(self.directory.name, "store")
        self.time = Time()
        self.settings = StreamSettings(partitions=partitions, rollover_seconds=ROLLOVER_SECONDS)
        self.calls = Streaming(self.open(), self.time, self.settings)
        self.arns = [self.calls.create_streamed()]
        self.calls.call(
            "UpdateTimeToLive", TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        )
        self.is_on = True
        self.cuts = {place * HASHES // partitions for place in range(partitions)}
        self.items: dict[str, Item] = {}
        self.history: dict[str, list[Change]] = defaultdict(list)
        self.expired: set[tuple[str, int]] = set()
        """Key, and place in its history, of deletions by time to live."""
        self.reader = Reader(self.calls, self.arns[0])

    def open(self) -> Engine:
        with patch.object(Housekeeper, "ask"):  # chores are called by the rules, and nobody else
            engine = open_engine(
                self.path, clock=self.time, streams=self.settings, replicas=1, durability="none", ttl_interval=3600
            )
        engine._housekeeper.close()
        return engine

    def becomes(self, key: str, new: Item | None) -> None:
        """An item was given this form."""
        old = self.items.get(key)
        if old == new:
            return
        if self.is_on:
            self.history[key].append(("INSERT" if old is None else "REMOVE" if new is None else "MODIFY", old, new))
        if new is None:
            del self.items[key]
        else:
            self.items[key] = new

    @rule(key=st.sampled_from(KEYS), value=st.integers(0, 2), lives=st.none() | st.integers(1, 30))
    def put(self, key: str, value: int, lives: int | None) -> None:
        item = {"pk": S(key), "x": N(value)}
        if lives is not None:
            item["ttl"] = N(int(self.time.now) + lives)
        self.calls.put("table", item)
        self.becomes(key, item)

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1), value=st.integers(3, 5), fails=st.booleans())
    def transact(self, keys: set[str], value: int, fails: bool) -> None:
        items = [{"pk": S(key), "x": N(value)} for key in sorted(keys)]
        actions: list[dict[str, Any]] = [{"Put": {"TableName": "table", "Item": item}} for item in items]
        if fails:
            check = {"Key": {"pk": S("other")}, "ConditionExpression": "attribute_exists(pk)"}
            actions.append({"ConditionCheck": {"TableName": "table", **check}})
            assert self.calls.refusal("TransactWriteItems", TransactItems=actions)
            return
        self.calls.call("TransactWriteItems", TransactItems=actions)
        for item in items:
            self.becomes(item["pk"]["S"], item)

    @rule(key=st.sampled_from(KEYS))
    def delete(self, key: str) -> None:
        self.calls.call("DeleteItem", TableName="table", Key={"pk": S(key)})
        self.becomes(key, None)

    @rule(seconds=st.integers(0, 12))
    def time_passes(self, seconds: int) -> None:
        self.time.now += seconds

    @rule()
    def expire(self) -> None:
        due = [key for key, item in self.items.items() if "ttl" in item and int(item["ttl"]["N"]) < self.time.now]
        engine = self.calls.engine
        chore = Expiration(engine.store, engine._surroundings.catalog, self.time, 3600)
        while chore() != 3600:
            pass
        for key in due:
            self.becomes(key, None)
            if self.is_on:
                self.expired.add((key, len(self.history[key]) - 1))

    @rule(at=st.none() | st.integers(1, 2**32 - 1))
    def split(self, at: int | None) -> None:
        if at not in self.cuts:
            partitions = orjson.loads(self.calls.engine.split_partition("table", at))["Partitions"]
            self.cuts = {partition["FromHash"] for partition in partitions}

    @rule()
    def roll_over(self) -> None:
        self.calls.upkeep()

    @precondition(lambda self: len(self.arns) < 3)
    @rule()
    def switch(self) -> None:
        self.is_on = not self.is_on
        arn = self.calls.switch(BOTH if self.is_on else None)
        if self.is_on:
            assert arn not in self.arns
            self.arns.append(arn)

    @precondition(lambda self: self.path is not None)
    @rule()
    def restart(self) -> None:
        self.calls.engine.close()
        self.calls = Streaming(self.open(), self.time, self.settings)
        self.reader.calls = self.calls

    @rule(limit=st.integers(1, 3))
    def consume(self, limit: int) -> None:
        self.reader.turn(limit)

    def teardown(self) -> None:
        if not hasattr(self, "reader"):
            return
        try:
            self.reads_all_the_same()
        finally:
            self.calls.engine.close()
            self.directory.cleanup()

    def reads_all_the_same(self) -> None:
        while self.reader.turn(1000):
            pass
        records = list(self.reader.records)
        for arn in self.arns[1:]:
            records += self.calls.records(arn, limit=2)
        assert _in_order_of_sequence(self.reader.records) == _in_order_of_sequence(self.calls.records(self.arns[0]))
        self.agrees(records)
        check_database(self.calls.engine)

    def agrees(self, records: list[Record]) -> None:
        by_key: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_key[record["dynamodb"]["Keys"]["pk"]["S"]].append(record)
        for key in KEYS:
            found = by_key.pop(key, [])
            told = [
                (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage"))
                for record in found
            ]
            assert told == self.history[key]
            numbers = sequence_numbers(found)
            assert numbers == sorted(set(numbers))
            ttl = {(key, place) for place, record in enumerate(found) if "userIdentity" in record}
            assert ttl == {(name, place) for name, place in self.expired if name == key}
        assert not by_key
        assert len({record["eventID"] for record in records}) == len(records)


def _in_order_of_sequence(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda record: str(record["dynamodb"]["SequenceNumber"]))


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=60, stateful_step_count=40)
