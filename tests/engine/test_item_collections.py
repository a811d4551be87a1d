"""The limit of an item collection, on every way of writing.

The collection ``a`` holds one item of 100 bytes, which is in a local index with all its attributes, so it counts twice:
200 of 300 bytes.  An item of 50 bytes that is in the index just fits beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.engine.transacting import NONE, cancellation, check, delete, put, update, write
from tests.engine.whole_check import check_database
from tests.wire import Item, N, S, placeholders

LIMIT = 300
REFUSAL = Refusal("ItemCollectionSizeLimitExceededException", "Collection size exceeded")
REASON = {"Code": "ItemCollectionSizeLimitExceeded", "Message": "Collection size exceeded"}
SCHEMA = tables.table(sort="N", local=[tables.local_index("by-l", "l")])


@pytest.fixture
def engine() -> Iterator[Calls]:
    engine = open_engine(None, item_collection_limit=LIMIT)
    try:
        yield Calls(engine)
        check_database(engine)
    finally:
        engine.close()


def item(sort: int, size: int, partition: str = "a") -> Item:
    """An item of ``size`` bytes that is in the index: pk 3, sk 4 (3 for 0), l 2, z the rest."""
    filled: Item = {"pk": S(partition), "sk": N(sort), "l": S("l"), "z": S("z" * (size - 10 + (sort == 0)))}
    assert _core.item_size(_core.encode_item(filled)[0]) == size
    return filled


def key(sort: int, partition: str = "a") -> Item:
    return {"pk": S(partition), "sk": N(sort)}


FULL = item(1, 100)
FITTING = item(2, 50)
TOO_LARGE = item(2, 51)


@pytest.fixture
def table(engine: Calls) -> str:
    name = engine.create(SCHEMA)
    engine.put(name, FULL)
    return name


# --- single writes --------------------------------------------------------------------------------------------------


def test_an_item_that_fills_the_collection_to_the_limit_is_taken(engine: Calls, table: str) -> None:
    engine.put(table, FITTING)
    assert engine.get(table, **key(2)) == FITTING


def test_an_item_that_takes_the_collection_over_the_limit_is_refused(engine: Calls, table: str) -> None:
    assert engine.refusal("PutItem", TableName=table, Item=TOO_LARGE) == REFUSAL
    assert engine.get(table, **key(2)) is None


def test_what_an_index_does_not_hold_counts_once(engine: Calls, table: str) -> None:
    without_index_key = {name: value for name, value in item(2, 102).items() if name != "l"}
    engine.put(table, without_index_key)
    assert engine.refusal("UpdateItem", **set_to(table, 2, "l", S("l"))) == REFUSAL


def set_to(table: str, sort: int, name: str, value: Any) -> dict[str, Any]:
    return {
        "TableName": table, "Key": key(sort), "UpdateExpression": f"SET {name} = :v",
        "ExpressionAttributeValues": placeholders(v=value),
    }  # fmt: skip


def test_an_update_that_takes_the_collection_over_the_limit_is_refused(engine: Calls, table: str) -> None:
    engine.put(table, FITTING)
    assert engine.refusal("UpdateItem", **set_to(table, 2, "z", S("z" * 41))) == REFUSAL
    assert engine.refusal("UpdateItem", TableName=table, Key=key(3)) == REFUSAL, "a new item of only its key"
    assert engine.get(table, **key(2)) == FITTING


def test_other_collections_and_other_tables_have_room(engine: Calls, table: str) -> None:
    engine.put(table, FITTING, item(2, 51, partition="b"))
    plain = engine.create(tables.table("plain", sort="N", global_=[tables.global_index("by-l", "l")]))
    engine.put(plain, *(item(number, 100) for number in range(1, 6)))


@pytest.fixture
def overfull(tmp_path: Path) -> Iterator[Calls]:
    """A collection of 400 bytes, filled while the limit was higher."""
    engine = open_engine(tmp_path, item_collection_limit=1000, replicas=1)
    calls = Calls(engine)
    calls.create(SCHEMA)
    calls.put("table", FULL, item(2, 100))
    engine.close()
    engine = open_engine(tmp_path, item_collection_limit=LIMIT, replicas=1)
    try:
        yield Calls(engine)
        check_database(engine)
    finally:
        engine.close()


def test_writes_that_do_not_enlarge_an_overfull_collection_are_taken(overfull: Calls) -> None:
    overfull.put("table", item(2, 100))
    overfull.call("UpdateItem", **set_to("table", 2, "z", S("y" * 90)))
    overfull.put("table", item(2, 99))
    assert overfull.refusal("PutItem", TableName="table", Item=item(2, 100)) == REFUSAL
    overfull.call("UpdateItem", TableName="table", Key=key(2), UpdateExpression="REMOVE l")
    overfull.call("DeleteItem", TableName="table", Key=key(2))
    overfull.put("table", FITTING)


def test_a_condition_that_fails_is_told_first(engine: Calls, table: str) -> None:
    refusal = engine.refusal("PutItem", TableName=table, Item=TOO_LARGE, ConditionExpression="attribute_exists(pk)")
    assert refusal.code == "ConditionalCheckFailedException"


def test_a_fork_has_the_same_limit(engine: Calls, table: str) -> None:
    forked = engine.engine.fork()
    try:
        assert Calls(forked).refusal("PutItem", TableName=table, Item=TOO_LARGE) == REFUSAL
    finally:
        forked.close()


# --- several writes in a request ------------------------------------------------------------------------------------


def batch(table: str, *items: Item) -> dict[str, Any]:
    return {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}


def test_a_batch_counts_its_items_together_and_is_refused_as_a_whole(engine: Calls, table: str) -> None:
    assert engine.refusal("BatchWriteItem", **batch(table, item(2, 25), item(3, 26))) == REFUSAL
    assert engine.get(table, **key(2)) is None
    engine.call("BatchWriteItem", **batch(table, item(2, 25), item(3, 25), item(1, 100, partition="b")))


def test_a_batch_may_make_the_room_it_needs(engine: Calls, table: str) -> None:
    requests = [{"DeleteRequest": {"Key": key(1)}}, {"PutRequest": {"Item": item(2, 150)}}]
    engine.call("BatchWriteItem", RequestItems={table: requests})
    assert engine.get(table, **key(2)) == item(2, 150)


def test_a_transaction_is_cancelled_with_a_reason_for_each_action_that_does_not_fit(engine: Calls, table: str) -> None:
    actions = [
        put(table, item(2, 25)),
        put(table, item(3, 26)),
        put(table, item(1, 100, partition="b")),
        update(table, key(1), "SET z = :z", ExpressionAttributeValues=placeholders(z=S("z" * 116))),
        check(table, key(9), "attribute_not_exists(pk)"),
    ]
    assert cancellation(engine, *actions) == [NONE, REASON, NONE, REASON, NONE]
    assert engine.get(table, **key(2)) is None
    write(engine, delete(table, key(1)), put(table, item(2, 100)), put(table, item(3, 50)))
    assert engine.get(table, **key(3)) == item(3, 50)


# --- PartiQL --------------------------------------------------------------------------------------------------------


def insertion(sort: int, size: int) -> dict[str, Any]:
    wanted = item(sort, size)
    return {
        "Statement": "INSERT INTO \"table\" VALUE {'pk': ?, 'sk': ?, 'l': ?, 'z': ?}",
        "Parameters": [wanted[name] for name in ("pk", "sk", "l", "z")],
    }


def assignment(sort: int, text: str) -> dict[str, Any]:
    return {
        "Statement": 'UPDATE "table" SET z = ? WHERE pk = ? AND sk = ?',
        "Parameters": [S(text), S("a"), N(sort)],
    }


def test_statements_are_refused_alike(engine: Calls, table: str) -> None:
    assert engine.refusal("ExecuteStatement", **insertion(2, 51)) == REFUSAL
    assert engine.refusal("ExecuteStatement", **assignment(1, "z" * 141)) == REFUSAL
    engine.call("ExecuteStatement", **assignment(1, "z" * 140))
    engine.call("ExecuteStatement", Statement="DELETE FROM \"table\" WHERE pk = 'a' AND sk = 1")


def test_a_batch_of_statements_carries_out_those_that_fit(engine: Calls, table: str) -> None:
    answer = engine.call("BatchExecuteStatement", Statements=[insertion(2, 25), insertion(3, 26), insertion(4, 25)])
    done = {"TableName": table}
    assert answer["Responses"] == [done, {"Error": REASON, **done}, done]
    assert [engine.get(table, **key(number)) is None for number in (2, 3, 4)] == [False, True, False]


def test_a_transaction_of_statements_is_cancelled_with_the_reason(engine: Calls, table: str) -> None:
    refusal = engine.refusal("ExecuteTransaction", TransactStatements=[insertion(2, 25), insertion(3, 26)])
    assert refusal.code == "TransactionCanceledException"
    assert refusal.members["CancellationReasons"] == [NONE, REASON]


# --- against a model ------------------------------------------------------------------------------------------------

WRITES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.none() | st.integers(10, 160), st.booleans()), max_size=25
)


@given(WRITES)
def test_a_collection_grows_exactly_as_long_as_it_fits(writes: list[tuple[str, int, int | None, bool]]) -> None:
    """A write is refused just when it enlarges a collection to more than the limit."""
    engine = open_engine(None, item_collection_limit=LIMIT)
    try:
        calls = Calls(engine)
        calls.create(SCHEMA)
        sizes: dict[tuple[str, int], int] = {}
        for partition, sort, size, is_indexed in writes:
            before = sum(counted for (of, _), counted in sizes.items() if of == partition)
            if size is None:
                calls.call("DeleteItem", TableName="table", Key=key(sort, partition))
                sizes.pop((partition, sort), None)
                continue
            wanted = item(sort, size, partition)
            if not is_indexed:
                wanted.pop("l")
            new = 2 * size if is_indexed else size - 2
            after = before - sizes.get((partition, sort), 0) + new
            error = calls.error("PutItem", TableName="table", Item=wanted)
            if after > max(LIMIT, before):
                assert error is not None
                assert error.code == REFUSAL.code
            else:
                assert error is None
                sizes[partition, sort] = new
        check_database(engine)
    finally:
        engine.close()
