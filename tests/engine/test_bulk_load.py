"""Loading many items: what is in the table afterwards is what as many PutItem requests would have left there.

Every test ends with the check of the whole database: items, index entries, expiries and counters agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddbengine.engine import bulk_load
from ddbengine.engine.bulk_load import ItemRefused, Loaded, load, load_batches
from ddbengine.engine.bulk_scan import scan_all
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ApiError, ResourceNotFoundException
from tests import strategies, tables
from tests.engine.calls import CALLER, Calls
from tests.engine.whole_check import check_database
from tests.wire import BS, L, M, N, S

INDEXED = tables.table(
    sort="N", local=[tables.local_index("by-year", "year:N")], global_=[tables.global_index("by-genre", "genre")]
)


def items_of(calls: Calls, name: str = "table") -> list[dict[str, Any]]:
    return list(scan_all(calls.engine, CALLER, {"TableName": name, "ConsistentRead": True}))


def by_key(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["pk"]["S"]: item for item in items}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_load, "BATCH_MAX_ITEMS", 3)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"pk": S(f"item {number}"), "number": N(number)} for number in range(count)]


def test_loaded_items_are_those_that_put_item_would_have_left(engine: Calls) -> None:
    engine.create(INDEXED)
    engine.create({**INDEXED, "TableName": "other"})
    items = [
        {"pk": S(f"{number % 7}"), "sk": N(number % 11), "year": N(number), "genre": S("folk"), "l": L(M(b=BS(b"x")))}
        for number in range(200)
    ]
    assert load(engine.engine, CALLER, "table", items) == Loaded(200, 200)
    engine.put("other", *items)
    assert items_of(engine) == items_of(engine, "other")
    of_index = {"IndexName": "by-genre", "Select": "ALL_ATTRIBUTES"}
    assert engine.items("Scan", TableName="table", **of_index) == engine.items("Scan", TableName="other", **of_index)


@given(st.lists(st.tuples(st.sampled_from("abc"), strategies.wire_items), max_size=12))
def test_any_items_are_loaded_as_put_one_by_one(rows: list[tuple[str, dict[str, Any]]]) -> None:
    items = [{**item, "pk": S(key)} for key, item in rows]
    engine = open_engine(None)
    try:
        calls = Calls(engine)
        for name in ("table", "other"):
            calls.create(tables.table(name))
        load(engine, CALLER, "table", items)
        calls.put("other", *items)
        assert items_of(calls) == items_of(calls, "other")
        check_database(engine)
    finally:
        engine.close()


@pytest.mark.usefixtures("small_batches")
def test_the_last_item_of_a_key_wins_within_a_batch_and_across_batches(engine: Calls) -> None:
    engine.create(INDEXED)
    items = [{"pk": S("same"), "sk": N(1), "genre": S(f"genre {number}")} for number in range(8)]
    assert load(engine.engine, CALLER, "table", items).items == 8
    assert items_of(engine) == items[-1:]
    assert len(engine.items("Scan", TableName="table", IndexName="by-genre")) == 1


@pytest.mark.usefixtures("small_batches")
def test_each_durable_batch_is_told_in_order(engine: Calls) -> None:
    engine.create(tables.table())
    told = list(load_batches(engine.engine, CALLER, "table", numbered(7)))
    assert told == [Loaded(3, 3), Loaded(6, 6), Loaded(7, 7)]


def test_a_batch_ends_at_its_bytes_too(engine: Calls) -> None:
    engine.create(tables.table())
    large = [{"pk": S(str(number)), "data": S("x" * 400_000)} for number in range(25)]
    told = list(load_batches(engine.engine, CALLER, "table", large))
    assert [loaded.items for loaded in told] == [11, 22, 25]


def test_nothing_to_load_is_no_error(engine: Calls) -> None:
    engine.create(tables.table())
    assert load(engine.engine, CALLER, "table", []) == Loaded(0, 0)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"number": N(1)}, "One or more parameter values were invalid: Missing the key pk in the item"),
        ({"pk": N(1)}, "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"),
        (
            {"pk": S("")},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: pk",
        ),
        ({"pk": S("x"), "data": S("x" * 409_600)}, "Item size has exceeded the maximum allowed size"),
        (
            {"pk": S("x"), "n": N("many")},
            "1 validation error detected: The parameter cannot be converted to a numeric value: many",
        ),
        ({"pk": S("x"), "n": {"N": 1}}, "NUMBER_VALUE cannot be converted to String"),
        (["pk"], "Unrecognized collection type java.util.Map<"),
        (None, "Unexpected field type"),
        ({"pk": S("x"), "genre": N(1)}, "One or more parameter values were invalid: Type mismatch for Index Key genre"),
    ],
)
@pytest.mark.usefixtures("small_batches")
def test_what_put_item_refuses_is_refused_with_its_ordinal(item: Any, message: str, engine: Calls) -> None:
    engine.create(tables.table(global_=[tables.global_index("by-genre", "genre")]))
    good = numbered(10)
    with pytest.raises(ItemRefused) as raised:
        load(engine.engine, CALLER, "table", [*good[:4], item, *good[4:]])
    assert raised.value.ordinal == 5
    assert str(raised.value.error.message).startswith(message)
    assert str(raised.value).startswith(f"item 5: {message}")
    assert by_key(items_of(engine)) == by_key(good[:4]), "what came before is in the table, and nothing else"


@pytest.mark.usefixtures("small_batches")
def test_refused_items_can_be_left_out(engine: Calls) -> None:
    engine.create(tables.table())
    good, refused = numbered(10), list[tuple[int, ApiError]]()
    items: list[dict[str, Any]] = [good[0], {}, *good[1:], {"pk": N(1)}]
    loaded = load(engine.engine, CALLER, "table", items, lambda *told: refused.append(told))
    assert loaded == Loaded(12, 10)
    assert [ordinal for ordinal, _ in refused] == [2, 12]
    assert by_key(items_of(engine)) == by_key(good)


@pytest.mark.usefixtures("small_batches")
def test_what_came_before_is_durable_when_the_items_themselves_fail(engine: Calls) -> None:
    engine.create(tables.table())

    def failing() -> Iterator[dict[str, Any]]:
        yield from numbered(4)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        load(engine.engine, CALLER, "table", failing())
    assert len(items_of(engine)) == 4


def test_there_has_to_be_a_table(engine: Calls) -> None:
    with pytest.raises(ResourceNotFoundException):
        load(engine.engine, CALLER, "table", [])


@pytest.mark.usefixtures("small_batches")
def test_a_table_that_is_deleted_meanwhile_ends_the_load(engine: Calls) -> None:
    engine.create(tables.table())

    def items() -> Iterator[dict[str, Any]]:
        yield from numbered(4)
        engine.call("DeleteTable", TableName="table")
        yield from numbered(4)

    with pytest.raises(ResourceNotFoundException):
        load(engine.engine, CALLER, "table", items())


def test_items_are_checked_again_when_the_table_has_changed_since(engine: Calls) -> None:
    engine.create(tables.table())
    index = tables.table(global_=[tables.global_index("by-genre", "genre")])
    refused: list[tuple[int, ApiError]] = []

    def items() -> Iterator[dict[str, Any]]:
        yield {"pk": S("good"), "genre": S("folk")}
        yield {"pk": S("bad"), "genre": N(1)}
        engine.call(
            "UpdateTable",
            TableName="table",
            AttributeDefinitions=index["AttributeDefinitions"],
            GlobalSecondaryIndexUpdates=[{"Create": index["GlobalSecondaryIndexes"][0]}],
        )

    assert load(engine.engine, CALLER, "table", items(), lambda *told: refused.append(told)) == Loaded(2, 1)
    [(ordinal, error)] = refused
    assert ordinal == 2
    assert "Type mismatch for Index Key genre" in str(error.message)
    assert by_key(items_of(engine)).keys() == {"good"}
    assert len(engine.items("Scan", TableName="table", IndexName="by-genre")) == 1


def test_loaded_items_expire_like_others(engine: Calls) -> None:
    engine.create(tables.table())
    setting = {"Enabled": True, "AttributeName": "expires"}
    engine.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=setting)
    load(engine.engine, CALLER, "table", [{"pk": S("x"), "expires": N(4_000_000_000)}])
    check_database(engine.engine)
