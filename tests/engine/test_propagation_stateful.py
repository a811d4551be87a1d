"""Random writes to a table whose global and vector indexes come and go, with a propagator that is paused, small in its
batches and restarted at will.

Strategy: few keys, so that an item changes again before the log was followed; attributes that now and then have a type
no index takes; indexes created on a table with more items than the first part fills, so that parts, batches and writes
come in every order, several of them in one commit group.  Steps are plans run by hand on a store on disk without fsync:
nothing happens in the background.

Invariants: after every step the whole-database check holds, which knows what each index should have as of the
propagator's position; when all is drained, every index equals the projection of the table computed from scratch, its
count and size included, and no filling is left.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ddbengine import _core
from ddbengine.engine import backfill
from ddbengine.engine.backfill import FillingPart, unfilled
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Surroundings
from ddbengine.engine.index_register import FOLLOWER, fillings
from ddbengine.engine.invariants import broken_invariants
from ddbengine.engine.operations import OPERATIONS
from ddbengine.engine.propagation import Propagated, PropagationBatch
from ddbengine.engine.purge import MORE, purge_plan
from ddbengine.errors import ApiError
from ddbengine.storage.committer import InlineCommitter
from ddbengine.storage.lmdb_store import LmdbStore
from ddbengine.storage.store import Outcome, Plan, position_of
from tests import tables
from tests.wire import Item, L, N, S

CALLER = Caller("key", "us-east-1")
INDEXES = {
    "by-g": tables.global_index("by-g", "g"),
    "by-g-h": tables.global_index("by-g-h", "g", "h:N", tables.KEYS_ONLY),
    "by-h": tables.global_index("by-h", "h:N", (), tables.including("x")),
    "near": tables.vector_index("near", "v", 2, filters=["h:N"], projection=tables.including("x")),
}
HELD = {"by-g": None, "by-g-h": {"pk", "g", "h"}, "by-h": {"pk", "h", "x"}, "near": {"pk", "h", "x", "v"}}
KEY_TYPES = {"by-g": {"g": "S"}, "by-g-h": {"g": "S", "h": "N"}, "by-h": {"h": "N"}, "near": {}}
UPDATES = {
    name: "VectorIndexUpdates" if "Dimensions" in index else "GlobalSecondaryIndexUpdates"
    for name, index in INDEXES.items()
}
FIRST_PART_ITEMS = 2

ITEMS: st.SearchStrategy[Item] = st.fixed_dictionaries(
    {"pk": st.sampled_from("abcdefgh").map(S)},
    optional={
        "g": st.sampled_from([S("red"), S("blue"), S("green"), N(7), S("")]),
        "h": st.sampled_from([N(1), N(2), N(-3), S("text")]),
        "x": st.sampled_from([S("x"), S("longer")]),
        "y": st.just(S("y" * 400)),
        "v": st.sampled_from([L(N(1), N(2)), L(N("1.0000000000001"), N(2)), L(N(3), N(-4)), L(N(1)), S("none")]),
    },
)
STEPS = st.one_of(
    ITEMS.map(lambda item: ("put", item)),
    ITEMS.map(lambda item: ("put", item)),
    st.sampled_from("abcdefgh").map(lambda key: ("delete", key)),
    st.just(("propagate", 1)),
    st.just(("propagate", 1 << 20)),
    st.just(("fill", 2)),
)


class Indexing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.first_part, backfill.FIRST_MAX_ITEMS = backfill.FIRST_MAX_ITEMS, FIRST_PART_ITEMS
        self.items: dict[str, Item] = {}
        self.indexes: set[str] = set()
        self.passed = 0
        self.open()

    def open(self) -> None:
        self.store = LmdbStore(writes_of, self.path / "store", replicas=1, durability="none")
        self.catalog = Catalog()
        self.surroundings = Surroundings(self.catalog, lambda: 1e9, True, 0.0)

    def teardown(self) -> None:
        try:
            self.drain()
            self.compare()
        finally:
            backfill.FIRST_MAX_ITEMS = self.first_part
            self.store.close()
            shutil.rmtree(self.path)

    # plans

    def plan(self, operation: str, **request: Any) -> Plan:
        return OPERATIONS[operation](self.surroundings, CALLER, {"TableName": "table", **request})

    def run(self, plan: Plan) -> Any:
        body = self.store.submit(plan).result().body
        return orjson.loads(body) if body else None

    def read(self, operation: str, **request: Any) -> Any:
        with self.store.snapshot() as txn:
            return orjson.loads(self.plan(operation, **request).run(txn).body)

    def batch(self, most_bytes: int) -> PropagationBatch:
        return PropagationBatch(self.catalog, self.passed, most_bytes=most_bytes)

    def numbers(self) -> list[int]:
        with self.store.snapshot() as txn:
            return unfilled(txn)

    def note(self, outcome: Outcome | Exception) -> None:
        if isinstance(outcome, Propagated):
            self.passed = max(self.passed, outcome.passed)

    # rules

    @initialize(items=st.lists(ITEMS, min_size=6, max_size=12), indexed=st.booleans())
    def create(self, items: list[Item], indexed: bool) -> None:
        self.run(self.plan("CreateTable", **without_name(tables.table(global_=[INDEXES["by-g"]] if indexed else []))))
        self.indexes = {"by-g"} if indexed else set()
        self.together([("put", item) for item in items])

    @rule(steps=st.lists(STEPS, min_size=1, max_size=5))
    def together(self, steps: list[tuple[str, Any]]) -> None:
        """Run several plans as one commit group."""
        kinds: list[tuple[str, Any]] = []
        plans: list[Plan] = []
        for kind, what in steps:
            if kind == "put":
                plans.append(self.plan("PutItem", Item=what))
            elif kind == "delete":
                plans.append(self.plan("DeleteItem", Key={"pk": S(what)}))
            elif kind == "propagate":
                plans.append(self.batch(what))
            else:
                numbers = self.numbers()
                plans += [FillingPart(self.catalog, number, what) for number in numbers]
                kinds += [("fill", None)] * len(numbers)
                continue
            kinds.append((kind, what))
        if not plans:
            return
        committer = self.store._committer
        assert isinstance(committer, InlineCommitter)
        for (kind, what), result in zip(kinds, committer._run(plans), strict=True):
            if isinstance(result, ApiError):
                assert kind == "put", result  # an index does not take the type of its key attribute
                continue
            assert isinstance(result, Outcome), result
            self.note(result)
            if kind == "put":
                self.items[what["pk"]["S"]] = what
            elif kind == "delete":
                self.items.pop(what, None)

    @rule(name=st.sampled_from(sorted(INDEXES)))
    def create_index(self, name: str) -> None:
        index = {member: value for member, value in INDEXES[name].items() if member != "types"}
        definitions = [{"AttributeName": key, "AttributeType": kind} for key, kind in INDEXES[name]["types"].items()]
        update = self.plan("UpdateTable", AttributeDefinitions=definitions, **{UPDATES[name]: [{"Create": index}]})
        if name in self.indexes or self.numbers():
            with pytest.raises(ApiError):
                self.run(update)
            return
        self.run(update)
        self.indexes.add(name)
        described = self.described()[name]
        if len(self.items) <= FIRST_PART_ITEMS:
            assert (described["IndexStatus"], "Backfilling" in described) == ("ACTIVE", False)
        elif self.numbers():
            assert (described["IndexStatus"], described["Backfilling"]) == ("CREATING", True)
            with pytest.raises(ApiError, match=r"Cannot (read from|search) backfilling"):
                self.held(name)

    @rule(name=st.sampled_from(sorted(INDEXES)))
    def delete_index(self, name: str) -> None:
        update = self.plan("UpdateTable", **{UPDATES[name]: [{"Delete": {"IndexName": name}}]})
        filling = [index for index, shown in self.described().items() if shown["IndexStatus"] == "CREATING"]
        if name not in self.indexes or filling not in ([], [name]):
            with pytest.raises(ApiError):
                self.run(update)
            return
        self.run(update)
        self.indexes.discard(name)

    @rule()
    def delete_table(self) -> None:
        filling = bool(self.numbers())
        if filling:
            with pytest.raises(ApiError, match="Cannot delete table while indexes are being created"):
                self.run(self.plan("DeleteTable"))
            return
        self.run(self.plan("DeleteTable"))
        self.items, self.indexes = {}, set()
        self.run(self.plan("CreateTable", **without_name(tables.table())))

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.passed = 0
        self.open()

    @rule()
    def drain(self) -> None:
        for number in self.numbers():
            while self.store.submit(FillingPart(self.catalog, number, 1)).result().body == MORE:
                pass
        while self.propagate() or self.pass_gap():
            pass
        self.compare()

    def propagate(self) -> bool:
        """Run a small batch; whether it came to anything."""
        before = self.passed
        outcome = self.store.submit(self.batch(1)).result()
        self.note(outcome)
        return bool(outcome.changes) or self.passed > before

    def pass_gap(self) -> bool:
        """Pass LSNs that no log entry has, as the propagator does when it has nothing else to do."""
        with self.store.snapshot() as txn:
            before, self.passed = self.passed, max(self.passed, 0 if txn.log_after(self.passed) else txn.lsn())
        return self.passed > before

    @rule()
    def purge(self) -> None:
        while self.store.submit(purge_plan(lambda: 1e9)).result().body == MORE:
            pass

    @invariant()
    def every_row_is_as_it_should_be(self) -> None:
        with self.store.snapshot() as txn:
            assert list(broken_invariants(txn)) == []
            assert (position_of(txn, FOLLOWER) is not None) == bool(self.indexes)

    # comparing

    def described(self) -> dict[str, Any]:
        table = self.read("DescribeTable")["Table"]
        indexes = [*table.get("GlobalSecondaryIndexes", ()), *table.get("VectorIndexes", ())]
        return {index["IndexName"]: index for index in indexes}

    def held(self, name: str) -> list[Item]:
        """The items of an index; vectors as lists of their floats, shown as integers."""
        if name != "near":
            items: list[Item] = self.read("Scan", IndexName=name)["Items"]
            return items
        results = self.read(
            "SearchVectors", IndexName=name, SearchVector=[N(1), N(1)], TopK=100, ProjectionExpression="pk, h, x, v"
        )["SearchResults"]
        return [as_projected(result["Item"]) for result in results]

    def compare(self) -> None:
        described = self.described()
        assert described.keys() == self.indexes
        with self.store.snapshot() as txn:
            assert fillings(txn) == {}
        for name in self.indexes:
            due = [row for item in self.items.values() if (row := projection(name, item)) is not None]
            assert sorted(map(repr, self.held(name))) == sorted(map(repr, due))
            sizes = [size_of(row, name == "near") for row in due]
            shown = described[name]
            assert (shown["IndexStatus"], "Backfilling" in shown) == ("ACTIVE", False)
            assert (shown["ItemCount"], shown["IndexSizeBytes"]) == (len(sizes), sum(sizes))


def projection(name: str, item: Item) -> Item | None:
    """What an index holds of an item, by the words of the service's documentation."""
    for key, kind in KEY_TYPES[name].items():
        if kind not in item.get(key, {}) or item[key] == S(""):
            return None
    held = HELD[name]
    projected = {key: value for key, value in item.items() if held is None or key in held}
    if name != "near":
        return projected
    if "S" in item.get("h", {}) or len(item.get("v", {}).get("L", ())) != 2:
        return None
    return as_projected(projected)


def as_projected(item: Item) -> Item:
    """The attributes in order, with whole numbers in the vector."""
    whole = {**item, "v": L(*(N(round(float(element["N"]))) for element in item["v"]["L"]))}
    return dict(sorted(whole.items()))


def size_of(row: Item, has_vector: bool) -> int:
    """Bytes by the service's accounting; an element of a vector counts four."""
    if not has_vector:
        return _core.encode_item(row)[1]
    rest = {key: value for key, value in row.items() if key != "v"}
    return _core.encode_item(rest)[1] + len("v") + 4 * len(row["v"]["L"])


def without_name(request: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in request.items() if member != "TableName"}


Indexing.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestIndexing = Indexing.TestCase
