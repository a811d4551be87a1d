"""What streams tell of many writers at once: transfers between accounts, and items that expire, replayed.

Strategy: threads move money by transactions while partitions split and shards roll over under them.  Invariants: the
records of an account, shard behind shard, are a chain in which each old image is the new image before; replayed, they
come to the balances in the table, whose sum is what it was; each transfer that succeeded has two records, each other
none.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ddbengine.engine.context import StreamSettings
from ddbengine.engine.expiration import Expiration
from ddbengine.engine.opening import open_engine
from tests.engine.streaming import BOTH, Record, Streaming, sequence_numbers, specification, streaming
from tests.engine.test_transact_transfers import ACCOUNTS, OPENING_BALANCE, TOTAL, WRITERS, move_money
from tests.engine.transacting import put, write
from tests.engine.whole_check import check_database
from tests.tables import table
from tests.wire import N, S


@pytest.fixture(params=["in memory", "on disk"])
def calls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Streaming]:
    engine = open_engine(None if request.param == "in memory" else tmp_path / "store", streams=StreamSettings(2))
    try:
        yield Streaming(engine)
        check_database(engine)
    finally:
        engine.close()


def test_transfers_replayed_from_the_stream_balance(calls: Streaming) -> None:
    calls.create(table(StreamSpecification=specification(BOTH)))
    arn = calls.arn()
    write(calls, *(put("table", {"pk": S(name), "balance": N(OPENING_BALANCE)}) for name in ACCOUNTS))
    ended = threading.Event()

    def split() -> None:
        while not ended.wait(0.02):
            calls.engine.split_partition("table")

    splitter = threading.Thread(target=split)
    splitter.start()
    try:
        with ThreadPoolExecutor(WRITERS) as pool:
            changed = list(pool.map(lambda seed: move_money(calls, seed), range(WRITERS)))
    finally:
        ended.set()
        splitter.join()
    histories: dict[str, list[Record]] = defaultdict(list)
    for record in calls.records(arn, limit=7):
        histories[record["dynamodb"]["Keys"]["pk"]["S"]].append(record)
    balances = {name: _replayed(histories[name]) for name in ACCOUNTS}
    assert histories.keys() == set(ACCOUNTS)
    assert balances == {name: OPENING_BALANCE + sum(changes[name] for changes in changed) for name in ACCOUNTS}
    assert sum(balances.values()) == TOTAL


def _replayed(records: list[Record]) -> int:
    """The balance that the records of an account come to."""
    assert sequence_numbers(records) == sorted(set(sequence_numbers(records)))
    image = None
    for record in records:
        assert record["dynamodb"].get("OldImage") == image
        image = record["dynamodb"]["NewImage"]
    assert image is not None
    return int(image["balance"]["N"])


def test_each_expired_item_is_removed_by_the_service_exactly_once() -> None:
    calls = streaming(StreamSettings(partitions=3))
    arn = calls.create_streamed()
    wanted = {"Enabled": True, "AttributeName": "until"}
    calls.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=wanted)
    names = {f"session-{number}" for number in range(250)}
    calls.put("table", *({"pk": S(name), "until": N(int(calls.time.now) + 60)} for name in sorted(names)))
    calls.call("DeleteItem", TableName="table", Key={"pk": S("session-7")})
    calls.time.now += 61
    engine = calls.engine
    chore = Expiration(engine.store, engine._surroundings.catalog, calls.time, 3600)
    while chore() != 3600:
        pass
    removed = [record for record in calls.records(arn) if record["eventName"] == "REMOVE"]
    by_service = [record for record in removed if "userIdentity" in record]
    assert len(removed) == 250
    assert {record["dynamodb"]["Keys"]["pk"]["S"] for record in by_service} == names - {"session-7"}
    assert len(by_service) == 249
    assert all(
        record["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"} for record in by_service
    )
    check_database(engine)
    engine.close()
