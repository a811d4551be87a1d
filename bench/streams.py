"""What streams cost those who write, and how fast they are read; inside one process, without HTTP.

    python -m bench.streams [--records 50000] [--rounds 3] [--directory DIR]

- *writes*: PutItem per second that each change an item of about 200 bytes, 16 under way at a time, without a stream and
  with one of both images; in memory, and on disk with one replica and with three.
- *reads*: records per second through GetRecords, page by page from the trim horizon to the end, with one shard and with
  four that are read in turn; and what a call costs that finds nothing new.

The best of the rounds is shown: other work on the machine can only slow a round down.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson

from ddbengine.engine.context import Caller, StreamSettings
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine

CALLER = Caller("bench", "us-east-1")
UNDER_WAY = 16
KEYS = 2_000
IDLE_CALLS = 5_000
PADDING = "x" * 150


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description="What streams cost, and how fast.")
    parser.add_argument("--records", type=int, default=50_000, help="writes of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements, of which the best is shown")
    parser.add_argument("--directory", type=Path, default=Path(), help="on the disk to measure (default: here)")
    given = parser.parse_args()
    print(f"{'PutItem per second':28}{'no stream':>12}{'stream':>12}")
    for name, replicas in (("in memory", None), ("on disk, 1 replica", 1), ("on disk, 3 replicas", 3)):
        rates = []
        for streamed in (False, True):
            rates.append(max(_write_rate(given, replicas, streamed) for _ in range(given.rounds)))
        print(f"{name:28}" + "".join(f"{rate:>12,.0f}" for rate in rates))
    print(f"\n{'GetRecords':28}{'records/s':>12}{'idle call':>12}")
    for partitions in (1, 4):
        found = [_read_rate(given.records, partitions) for _ in range(given.rounds)]
        rate, idle = max(rate for rate, _ in found), min(idle for _, idle in found)
        print(f"{partitions} shard{'s' if partitions > 1 else '':21}{rate:>12,.0f}{idle * 1e6:>9.1f} us")


def _write_rate(given: argparse.Namespace, replicas: int | None, streamed: bool) -> float:
    """``replicas`` is None in memory."""
    with tempfile.TemporaryDirectory(dir=given.directory.resolve()) as directory:
        path = None if replicas is None else Path(directory, "store")
        engine = open_engine(path, replicas=replicas)
        try:
            _create(engine, streamed)
            _write(engine, KEYS)
            began = time.perf_counter()
            _write(engine, given.records)
            return float(given.records / (time.perf_counter() - began))
        finally:
            engine.close()


def _read_rate(records: int, partitions: int) -> tuple[float, float]:
    """Records per second, and seconds for a call at the end of the stream."""
    engine = open_engine(None, streams=StreamSettings(partitions=partitions))
    try:
        arn = _create(engine, streamed=True)
        _write(engine, records)
        shards = _call(engine, "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
        iterators = [
            _call(engine, "GetShardIterator", StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
            for shard in shards
        ]
        places = [place["ShardIterator"] for place in iterators]
        found = 0
        began = time.perf_counter()
        while found < records:
            for number, place in enumerate(places):
                body = engine.execute("GetRecords", {"ShardIterator": place}, CALLER)
                found += body.count(b'"eventID"')
                places[number] = body[body.rindex(b'"NextShardIterator":"') + 21 : -2].decode()
        rate = records / (time.perf_counter() - began)
        return rate, _seconds_of(lambda: engine.execute("GetRecords", {"ShardIterator": places[0]}, CALLER))
    finally:
        engine.close()


def _seconds_of(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(IDLE_CALLS):
        call()
    return (time.perf_counter() - began) / IDLE_CALLS


def _create(engine: Engine, streamed: bool) -> str:
    """Create the table; the ARN of its stream, or nothing."""
    request: dict[str, Any] = {
        "TableName": "table",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if streamed:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    description = _call(engine, "CreateTable", **request)["TableDescription"]
    return str(description.get("LatestStreamArn", ""))


def _write(engine: Engine, count: int) -> None:
    """So many writes, each of which changes its item."""
    waiting: deque[Future[Any]] = deque()
    for number in range(count):
        item = {"pk": {"S": f"key-{number % KEYS}"}, "n": {"N": str(number)}, "data": {"S": PADDING}}
        answer = engine.answer("PutItem", {"TableName": "table", "Item": item}, CALLER)
        assert isinstance(answer, Future), "a write"
        waiting.append(answer)
        if len(waiting) == UNDER_WAY:
            waiting.popleft().result()
    for future in waiting:
        future.result()


def _call(engine: Engine, operation: str, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(engine.execute(operation, request, CALLER))
    return answer


if __name__ == "__main__":
    main()
