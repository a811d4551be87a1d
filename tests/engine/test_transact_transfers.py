"""Money moved between accounts by transactions, from several threads at once, is never made nor lost.

Strategy: a few accounts, so that transfers meet; each is two updates, one of them under a condition, and some are sent
twice under one token.  Other threads read all the while.  Invariants: whatever reads see at one time has the same sum,
in the table and in an index; at the end each balance is what the transfers that succeeded make of it; the
whole-database check.  Not covered: kills, for which see tests/clients.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.transacting import Action, get, put, read, update, write
from tests.engine.whole_check import check_database
from tests.wire import Item, N, S, placeholders

ACCOUNTS = [f"account-{number}" for number in range(6)]
OPENING_BALANCE = 100
TOTAL = OPENING_BALANCE * len(ACCOUNTS)
WRITERS = 4
READERS = 2
TRANSFERS = 60
"""By each writer."""


@pytest.fixture(params=["in memory", "on disk"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(None if request.param == "in memory" else tmp_path / "store")
    try:
        yield engine
        check_database(engine)
    finally:
        engine.close()


def transfer(source: str, target: str, amount: int) -> list[Action]:
    values = placeholders(x=N(amount))
    return [
        update(
            "table",
            {"pk": S(source)},
            "SET balance = balance - :x",
            ConditionExpression="balance >= :x",
            ExpressionAttributeValues=values,
        ),
        update("table", {"pk": S(target)}, "ADD balance :x", ExpressionAttributeValues=values),
    ]


def move_money(engine: Calls, seed: int) -> Counter[str]:
    """Make transfers; return by how much each account changed."""
    random = Random(seed)
    changed: Counter[str] = Counter()
    for number in range(TRANSFERS):
        source, target = random.sample(ACCOUNTS, 2)
        amount = random.randint(1, 80)
        actions = transfer(source, target, amount)
        token = f"{seed}-{number}"
        error = engine.error("TransactWriteItems", TransactItems=actions, ClientRequestToken=token)
        if error is not None:
            assert error.code == "TransactionCanceledException", error
            continue
        changed[source] -= amount
        changed[target] += amount
        if random.random() < 0.3:
            assert write(engine, *actions, ClientRequestToken=token) == {}
    return changed


def total_of_reads(engine: Calls) -> int:
    """What a transaction of reads sees."""
    responses = read(engine, *(get("table", {"pk": S(name)}) for name in ACCOUNTS))["Responses"]
    return sum(int(response["Item"]["balance"]["N"]) for response in responses)


def total_of_index(engine: Calls) -> int:
    """What one page of the index shows, sorted by the balances themselves."""
    page = engine.call(
        "Query",
        TableName="table",
        IndexName="by-bank",
        KeyConditionExpression="bank = :b",
        ExpressionAttributeValues=placeholders(b=S("bank")),
    )
    balances = [int(item["balance"]["N"]) for item in page["Items"]]
    assert len(balances) == len(ACCOUNTS)
    assert balances == sorted(balances)
    return sum(balances)


def total_of_scan(engine: Calls) -> int:
    return sum(int(item["balance"]["N"]) for item in engine.call("Scan", TableName="table")["Items"])


def watch(engine: Calls, ended: threading.Event) -> Counter[int]:
    """How often each total was seen until the transfers ended."""
    seen: Counter[int] = Counter()
    looks: tuple[Callable[[Calls], int], ...] = (total_of_reads, total_of_index, total_of_scan)
    while not ended.is_set():
        seen.update(look(engine) for look in looks)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
def test_the_sum_of_all_balances_never_changes(opened: Engine, seed: int) -> None:
    engine = Calls(opened)
    engine.create(tables.table(global_=[tables.global_index("by-bank", "bank", "balance:N")]))
    accounts: list[Item] = [{"pk": S(name), "bank": S("bank"), "balance": N(OPENING_BALANCE)} for name in ACCOUNTS]
    write(engine, *(put("table", account) for account in accounts))
    ended = threading.Event()
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [pool.submit(watch, engine, ended) for _ in range(READERS)]
        try:
            writers = [pool.submit(move_money, engine, WRITERS * seed + writer) for writer in range(WRITERS)]
            changed = [writer.result() for writer in writers]
        finally:
            ended.set()
        seen = [reader.result() for reader in readers]
    assert all(totals.keys() == {TOTAL} for totals in seen), seen
    for name in ACCOUNTS:
        found = engine.get("table", pk=S(name))
        assert found is not None
        assert int(found["balance"]["N"]) == OPENING_BALANCE + sum(changes[name] for changes in changed)
