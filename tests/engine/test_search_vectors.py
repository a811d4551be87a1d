"""SearchVectors: what is found, what of it is shown, and what is refused (FACTS 5.15, 6.5).

The check after each test compares every entry of an index with its item.
"""

from __future__ import annotations

import struct
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from ddbengine.engine.long_reads import ReadIsLong
from ddbengine.engine.opening import open_engine
from ddbengine.engine.search_vectors import QUICK_MAX_ENTRIES, SearchVectors
from tests import tables
from tests.engine.calls import CALLER, Calls
from tests.engine.whole_check import check_database
from tests.tables import vector_index
from tests.wire import Item, L, N, S, Value, placeholders

INVALID_CONDITION = "Invalid SearchConditionExpression: "
ITEMS: dict[str, tuple[int | str, ...]] = {"a": (1, 0, 0), "b": (0, 1, 0), "c": (-1, 0, 0), "d": ("0.6", "0.8", 0)}


def given(values: dict[str, Value]) -> dict[str, Any]:
    return {"ExpressionAttributeValues": placeholders(**values)}


def vector(*numbers: int | str) -> Value:
    return L(*map(N, numbers))


def search(engine: Calls, index: str, *numbers: int | str, **members: Any) -> list[dict[str, Any]]:
    request = {"TableName": "table", "IndexName": index, "SearchVector": vector(*numbers)["L"], "TopK": 10, **members}
    found: list[dict[str, Any]] = engine.call("SearchVectors", **request)["SearchResults"]
    return found


def refused(engine: Calls, index: str = "near", **members: Any) -> str | None:
    request = {"TableName": "table", "IndexName": index, "SearchVector": vector(1, 0, 0)["L"], "TopK": 1, **members}
    return engine.invalid("SearchVectors", **request)


def keys_of(found: list[dict[str, Any]]) -> list[str]:
    return [result["Item"]["pk"]["S"] for result in found]


def single(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


@pytest.fixture
def table(engine: Calls) -> str:
    """Four vectors that are far from one another, in an index of each kind and one with a search schema."""
    vectors = [
        vector_index("near"),
        vector_index("euclidean", distance="EUCLIDEAN"),
        vector_index("product", distance="DOT_PRODUCT"),
        vector_index("keys", projection=tables.KEYS_ONLY, filters=["kind"]),
        vector_index("scoped", partition="tenant", filters=["kind", "year:N"]),
    ]
    name = engine.create(tables.table(vector=vectors))
    for key, numbers in ITEMS.items():
        kind = "odd" if key in "ac" else "even"
        item = {"pk": S(key), "v": vector(*numbers), "tenant": S("t1" if key in "ab" else "t2")}
        engine.put(name, {**item, "kind": S(kind), "year": N(ord(key)), "label": S(f"item-{key}")})
    return name


# --- scores -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "scores"),
    [
        ("near", {"a": 0.0, "d": 0.4, "b": 1.0, "c": 2.0}),
        ("euclidean", {"a": 0.0, "d": 0.8**0.5, "b": 2**0.5, "c": 2.0}),
        ("product", {"a": 1.0, "d": 0.6, "b": 0.0, "c": -1.0}),
    ],
)
def test_results_come_nearest_first_with_their_scores(
    engine: Calls, table: str, index: str, scores: dict[str, float]
) -> None:
    found = search(engine, index, 1, 0, 0)
    assert keys_of(found) == list(scores)
    assert [result["Score"] for result in found] == pytest.approx(list(scores.values()), abs=1e-7)
    assert all(result["Score"] == single(result["Score"]) for result in found)


def test_no_more_than_top_k_are_found_and_there_is_no_next_page(engine: Calls, table: str) -> None:
    request = {"TableName": table, "IndexName": "near", "SearchVector": vector(1, 0, 0)["L"], "TopK": 2}
    answer = engine.call("SearchVectors", **request)
    assert keys_of(answer["SearchResults"]) == ["a", "d"]
    assert answer.keys() == {"SearchResults"}
    assert len(search(engine, "near", 1, 0, 0, TopK=100)) == len(ITEMS)


def test_an_index_without_items_has_no_results(engine: Calls) -> None:
    engine.create(tables.table(vector=[vector_index("near")]))
    assert search(engine, "near", 1, 0, 0) == []


def test_what_was_written_before_is_found(engine: Calls, table: str) -> None:
    for number in range(200):
        engine.put(table, {"pk": S("a"), "v": vector(number, 1, 1)})
        (found,) = search(engine, "euclidean", number, 1, 1, TopK=1)
        assert found["Score"] == 0.0


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_vector_is_left_out_unless_it_is_asked_for(engine: Calls, table: str) -> None:
    (found,) = search(engine, "near", 1, 0, 0, TopK=1)
    assert found["Item"].keys() == {"pk", "tenant", "kind", "year", "label"}
    (found,) = search(engine, "near", 1, 0, 0, TopK=1, ProjectionExpression="pk, v")
    assert found["Item"] == {"pk": S("a"), "v": vector("1.0", "0.0", "0.0")}


def test_some_elements_of_a_vector_can_be_asked_for(engine: Calls, table: str) -> None:
    (found,) = search(engine, "near", "0.6", "0.8", 0, TopK=1, ProjectionExpression="v[2], v[1], label")
    assert found["Item"] == {"label": S("item-d"), "v": vector("0.8", "0.0")}
    for nothing in ("v[7]", "v.x", "v[0][0]", "nothing"):
        (found,) = search(engine, "near", 1, 0, 0, TopK=1, ProjectionExpression=nothing)
        assert found["Item"] == {}


def test_an_index_shows_what_it_projects(engine: Calls, table: str) -> None:
    (found,) = search(engine, "keys", 1, 0, 0, TopK=1)
    assert found["Item"] == {"pk": S("a"), "kind": S("odd")}
    (found,) = search(engine, "keys", 1, 0, 0, TopK=1, ProjectionExpression="pk, label, v")
    assert found["Item"] == {"pk": S("a"), "v": vector("1.0", "0.0", "0.0")}


def test_the_index_holds_floats_and_the_table_numbers(engine: Calls, table: str) -> None:
    numbers = ("0.1", "16777217", "1.000000059604644775390625")
    engine.put(table, {"pk": S("exact"), "v": vector(*numbers)})
    assert engine.get(table, pk=S("exact")) == {"pk": S("exact"), "v": vector(*numbers)}
    (found,) = search(engine, "near", *numbers, TopK=1, ProjectionExpression="pk, v")
    assert found["Item"] == {"pk": S("exact"), "v": vector("0.1", "16777216.0", "1.0")}
    assert found["Score"] == 0.0


# --- conditions -------------------------------------------------------------------------------------------------------


def condition(text: str, **values: Value) -> dict[str, Any]:
    return {"SearchConditionExpression": text, **given(values)}


def test_a_search_of_one_partition_finds_what_is_in_it(engine: Calls, table: str) -> None:
    assert keys_of(search(engine, "scoped", 1, 0, 0, **condition("tenant = :t", t=S("t1")))) == ["a", "b"]
    assert keys_of(search(engine, "scoped", 1, 0, 0, **condition(":t = tenant", t=S("t2")))) == ["d", "c"]
    assert search(engine, "scoped", 1, 0, 0, **condition("tenant = :t", t=S("t3"))) == []


def test_filters_hold_before_the_nearest_are_counted(engine: Calls, table: str) -> None:
    found = search(engine, "keys", 1, 0, 0, TopK=1, **condition("kind = :k", k=S("even")))
    assert keys_of(found) == ["d"]
    both = condition("tenant = :t AND (#y = :y)", t=S("t2"), y=N("99.0"))
    found = search(engine, "scoped", 1, 0, 0, **both, ExpressionAttributeNames={"#y": "year"})
    assert keys_of(found) == ["c"]


def test_an_item_without_a_filter_attribute_is_found_only_without_the_filter(engine: Calls, table: str) -> None:
    engine.put(table, {"pk": S("e"), "tenant": S("t1"), "v": vector(1, 0, 0)})
    assert "e" in keys_of(search(engine, "scoped", 1, 0, 0, **condition("tenant = :t", t=S("t1"))))
    filtered = search(engine, "scoped", 1, 0, 0, **condition("tenant = :t AND kind = :k", t=S("t1"), k=S("odd")))
    assert keys_of(filtered) == ["a"]


def test_a_search_of_a_partitioned_index_has_to_name_the_partition(engine: Calls, table: str) -> None:
    assert refused(engine, "scoped") == "SearchConditionExpression must be provided when SearchSchema has a HASH key"
    assert refused(engine, "scoped", **condition("kind = :k", k=S("odd"))) == (
        "SearchConditionExpression must have all HASH attributes in configured SearchSchema"
    )


@pytest.mark.parametrize(
    "text",
    [
        "tenant < :t",
        "tenant = :t AND kind <> :t",
        "tenant = :t OR kind = :t",
        "NOT tenant = :t",
        "tenant IN (:t)",
        "tenant BETWEEN :t AND :t",
        "begins_with(tenant, :t)",
        "size(tenant) = :t",
        "tenant = kind AND tenant = :t",
    ],
)
def test_only_equality_with_a_value_is_a_search_condition(engine: Calls, table: str, text: str) -> None:
    assert refused(engine, "scoped", **condition(text, t=S("t1"))) == (
        f"{INVALID_CONDITION}Invalid comparator used in SearchConditionExpression"
    )


def test_attributes_outside_the_search_schema_are_refused(engine: Calls, table: str) -> None:
    assert refused(engine, "near", **condition("tenant = :t", t=S("t1"))) == (
        "SearchConditionExpression must not contain any attributes that is not in SearchSchema. "
        "Invalid attribute: tenant"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tenant.x = :t", "SearchConditionExpression cannot have conditions on nested attributes"),
        ("tenant = :t AND kind[0] = :t", "SearchConditionExpression cannot have conditions on nested attributes"),
        ("tenant = :t AND tenant = :t", "SearchConditionExpression must only contain one condition per attribute"),
        ("", "The expression can not be empty;"),
        (
            "tenant = :u",
            "An expression attribute value used in expression is not defined; attribute value: :u",
        ),
        (
            "#t = :t",
            "An expression attribute name used in the document path is not defined; attribute name: #t",
        ),
    ],
)
def test_faulty_conditions_are_refused(engine: Calls, table: str, text: str, message: str) -> None:
    assert refused(engine, "scoped", **condition(text, t=S("t1"))) == INVALID_CONDITION + message


def test_a_value_of_another_type_than_the_search_schema_has_is_refused(engine: Calls, table: str) -> None:
    assert refused(engine, "scoped", **condition("tenant = :t", t=N(1))) == (
        "Type of 'tenant' attribute in SearchConditionExpression (N) does not match type in search schema (S)"
    )


def test_an_empty_partition_is_refused(engine: Calls, table: str) -> None:
    assert refused(engine, "scoped", **condition("tenant = :t", t=S(""))) == (
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
        "string value. Key: tenant"
    )


def test_unused_values_are_refused(engine: Calls, table: str) -> None:
    assert refused(engine, "scoped", **condition("tenant = :t", t=S("t1"), u=S("x"))) == (
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:u}"
    )


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"TopK": 101},
            "Provided TopK value '101' is out of valid range. The value must be between 1 and 100 inclusive",
        ),
        (
            {"TopK": 0},
            "1 validation error detected: Value at 'TopK' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"IndexName": "ab"},
            "1 validation error detected: Value at 'IndexName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3",
        ),
        (
            {"SearchVector": []},
            "1 validation error detected: Value at 'SearchVector' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        ({"SearchVector": [N(1), N(0)]}, "Input search vector dimension 2 does not match vector index dimension 3"),
        ({"IndexName": "nothing"}, "The table does not have the specified index: nothing"),
    ],
)
def test_searches_that_are_refused(engine: Calls, table: str, members: dict[str, Any], message: str) -> None:
    assert refused(engine, **members) == message


@pytest.mark.parametrize("elements", [[L(N(1), N(0), N(0))], [N(1), S("0"), N(0)], [N(1), N("3.5E38"), N(0)], [S("x")]])
def test_a_search_vector_is_a_flat_list_of_floats(engine: Calls, table: str, elements: list[Value]) -> None:
    assert refused(engine, SearchVector=elements) == (
        "Search vector contains invalid values. "
        "All values in the search vector must be a 32-bit floating-point number attribute"
    )


def test_a_table_that_is_not_there_is_not_found(engine: Calls) -> None:
    refusal = engine.refusal("SearchVectors", TableName="nothing", IndexName="near", SearchVector=[N(1)], TopK=1)
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Requested resource not found")


def test_a_secondary_index_cannot_be_searched(engine: Calls) -> None:
    engine.create(tables.table(global_=[tables.global_index("idx", "g")], vector=[vector_index("near")]))
    assert refused(engine, "idx") == "The table does not have the specified index: idx"


def test_a_vector_index_cannot_be_read_but_by_a_search(engine: Calls, table: str) -> None:
    query = {"KeyConditionExpression": "pk = :pk", **given({"pk": S("a")})}
    assert engine.invalid("Query", TableName=table, IndexName="near", **query) == (
        "Query operation not supported on this index type."
    )
    assert engine.invalid("Scan", TableName=table, IndexName="near") == (
        "Scan operation not supported on this index type"
    )
    for where in ("", " WHERE pk = 'a'"):
        statement = f'SELECT * FROM "{table}"."near"{where}'
        assert engine.invalid("ExecuteStatement", Statement=statement) == (
            "Scan operation not supported on this index type"
        )
    (item,) = engine.call("ExecuteStatement", Statement=f"SELECT * FROM \"{table}\" WHERE pk = 'a'")["Items"]
    assert item["v"] == vector(1, 0, 0)


# --- capacity ---------------------------------------------------------------------------------------------------------


def test_a_search_reports_bytes_and_nothing_else(engine: Calls, table: str) -> None:
    request = {"TableName": table, "IndexName": "near", "SearchVector": vector(1, 0, 0)["L"], "TopK": 1}
    reports = [
        engine.call("SearchVectors", **request, ReturnConsumedCapacity=detail)["ConsumedCapacity"]
        for detail in ("TOTAL", "INDEXES")
    ]
    assert reports == [{"VectorSearchRequestBytes": 1024.0}] * 2
    assert "ConsumedCapacity" not in engine.call("SearchVectors", **request, ReturnConsumedCapacity="NONE")


def test_a_search_is_charged_by_its_dimensions_and_what_it_returns(engine: Calls) -> None:
    engine.create(tables.table(vector=[vector_index("near", dimensions=128)]))
    item: Item = {"pk": S("a"), "x": S("x" * 100), "v": vector(*range(128))}
    engine.put("table", item)
    request = {"TableName": "table", "IndexName": "near", "SearchVector": item["v"]["L"], "TopK": 10}

    def charged(**members: Any) -> float:
        answer = engine.call("SearchVectors", **request, ReturnConsumedCapacity="TOTAL", **members)
        return float(answer["ConsumedCapacity"]["VectorSearchRequestBytes"])

    assert charged() == 128 * 30.6875 + 65 + 104
    assert charged(ProjectionExpression="v") == 128 * 30.6875 + 65 + 104 + 128 * 4


# --- long searches ----------------------------------------------------------------------------------------------------


def many(engine: Calls, count: int) -> dict[str, Any]:
    """A search of so many items, which are on a line."""
    engine.create(tables.table(vector=[vector_index("near", distance="EUCLIDEAN")]))
    items = ({"PutRequest": {"Item": {"pk": S(str(n)), "v": vector(n, 0, 0)}}} for n in range(count))
    while batch := list(islice(items, 25)):
        engine.call("BatchWriteItem", RequestItems={"table": batch})
    assert described_items(engine) == count
    return {"TableName": "table", "IndexName": "near", "SearchVector": vector(0, 0, 0)["L"], "TopK": 3}


def described_items(engine: Calls) -> int:
    (index,) = engine.call("DescribeTable", TableName="table")["Table"]["VectorIndexes"]
    return int(index["ItemCount"])


def test_a_search_of_few_items_is_answered_at_once(engine: Calls) -> None:
    assert isinstance(engine.engine.answer("SearchVectors", many(engine, QUICK_MAX_ENTRIES), CALLER), bytes)


def test_a_search_of_many_items_is_answered_later_and_alike(engine: Calls) -> None:
    request = many(engine, QUICK_MAX_ENTRIES + 250)
    later = engine.engine.answer("SearchVectors", request, CALLER)
    assert isinstance(later, Future)
    assert keys_of(orjson.loads(later.result(30).body)["SearchResults"]) == ["0", "1", "2"]
    plan = engine.engine.prepare("SearchVectors", request, CALLER)
    assert isinstance(plan, SearchVectors)
    pauses: list[None] = []
    with engine.engine.store.snapshot() as txn:
        assert plan.pausing(lambda: pauses.append(None)).run(txn).body == later.result().body
    assert len(pauses) == 3


@pytest.mark.parametrize("path", ["memory", "disk"])
def test_a_long_search_waits_for_the_index_too(path: str, tmp_path: Path) -> None:
    engine = Calls(open_engine(None if path == "memory" else tmp_path / "store"))
    try:
        request = many(engine, QUICK_MAX_ENTRIES + 1)
        for number in range(20):
            engine.put("table", {"pk": S("new"), "v": vector(0, 0, number)})
            found = engine.call("SearchVectors", **{**request, "SearchVector": vector(0, 0, number)["L"], "TopK": 100})
            assert "new" in keys_of(found["SearchResults"][:2])
            assert found["SearchResults"][0]["Score"] == 0.0
        check_database(engine.engine)
    finally:
        engine.engine.close()


def test_a_search_that_turns_out_long_gives_up(engine: Calls) -> None:
    request = many(engine, QUICK_MAX_ENTRIES + 1)
    plan = engine.engine.prepare("SearchVectors", request, CALLER)
    with engine.engine.store.snapshot() as txn, pytest.raises(ReadIsLong):
        plan.run(txn)
