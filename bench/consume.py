"""How fast a consumer is: records per second from a server in memory to a handler that does nothing, over HTTP.

    python -m bench.consume [--records 50000] [--rounds 3]

One consumer in this process, the server in another; with batches of 100 and of 1,000 records, one shard and four.  The
time runs from the start of the consumer to the last record handled.  The best of the rounds is shown: other work on
the machine can only slow a round down.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import boto3

from ddbengine.consumer import Consumer, Options
from tests import servers

PADDING = "x" * 150
WRITES_PER_BATCH = 25


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.consume", description="How fast a consumer is.")
    parser.add_argument("--records", type=int, default=50_000, help="records of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements, of which the best is shown")
    given = parser.parse_args()
    print(f"{'records per second':24}{'batches of 100':>18}{'batches of 1,000':>18}")
    for partitions in (1, 4):
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory, "log")
            with servers.ddbengine(log, "--in-memory", "--partitions", str(partitions)) as server:
                table, written = _written(server.url, given.records)
                rates = [
                    max(_rate(server.url, table, written, batch_size) for _ in range(given.rounds))
                    for batch_size in (100, 1_000)
                ]
        print(f"{partitions} shard{'s' if partitions > 1 else '':18}" + "".join(f"{rate:>18,.0f}" for rate in rates))


def _session() -> Any:
    return boto3.Session(aws_access_key_id="bench", aws_secret_access_key="bench", region_name="us-east-1")


def _written(url: str, records: int) -> tuple[str, int]:
    """A table whose stream holds so many records, and how many that are."""
    client = _session().client("dynamodb", endpoint_url=url)
    client.create_table(
        TableName="Consumed",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    batches = -(-records // WRITES_PER_BATCH)
    for batch in range(batches):
        keys = range(batch * WRITES_PER_BATCH, (batch + 1) * WRITES_PER_BATCH)
        items = [{"key": {"S": str(key)}, "padding": {"S": PADDING}} for key in keys]
        client.batch_write_item(RequestItems={"Consumed": [{"PutRequest": {"Item": item}} for item in items]})
    return "Consumed", batches * WRITES_PER_BATCH


def _rate(url: str, table: str, records: int, batch_size: int) -> float:
    lock, done, handled = threading.Lock(), threading.Event(), 0

    def handle(event: dict[str, Any]) -> None:
        nonlocal handled
        with lock:
            handled += len(event["Records"])
            if handled >= records:
                done.set()

    options = Options(application=f"bench-{uuid.uuid4().hex}", batch_size=batch_size)
    consumer = Consumer(table, handle, options=options, session=_session(), endpoint_url=url)
    thread = threading.Thread(target=consumer.run)
    started = time.perf_counter()
    thread.start()
    done.wait()
    seconds = time.perf_counter() - started
    consumer.stop()
    thread.join()
    return records / seconds


if __name__ == "__main__":
    main()
