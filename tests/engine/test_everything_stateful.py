"""All features meet on one table: writes of every kind, indexes that come and go, a vector index among them, a stream,
time to live, backups and tables restored from them, restarts, forks and resets.

Strategy: few keys and few values, so that an item changes again before the log was followed; attributes that now and
then have a type that an index refuses; chores, parts of a filling and batches of the propagator are run by rules and by
nobody else, with a lag or without.  A model keeps the items, and for each stream the history of each key.

Invariants: a write is refused exactly when an index cannot take it; after every step the whole-database check holds; a
read of an index without lag shows every write before it, and a search is what a look at every item of the model finds;
at the end every index equals the projection of the model, its count included, every stream tells the history of each
key in order, the last one replays to the table if it was on from the beginning, tables restored from backups are what
the table was, indexes included, and the doctor finds nothing.
"""

from __future__ import annotations

import math
import struct
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Set
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ddbengine import _core
from ddbengine.engine import backfill
from ddbengine.engine.backfill import FillingPart, unfilled
from ddbengine.engine.bulk_load import load
from ddbengine.engine.bulk_scan import scan_all
from ddbengine.engine.context import StreamSettings
from ddbengine.engine.doctor import diagnose
from ddbengine.engine.engine import EXPIRE, PURGE, STREAMS, Engine
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ValidationException
from tests import tables
from tests.engine.calls import CALLER
from tests.engine.everything_backed_up import BackedUp, Table, ordered
from tests.engine.streaming import BOTH, Streaming, Time, sequence_numbers, specification
from tests.engine.whole_check import check_database
from tests.wire import Item, L, N, S, Value

Key = tuple[str, str]
Change = tuple[str, Any, Any]

LOCAL = tables.local_index("by-score", "score:N")
GLOBAL = {
    "by-g": tables.global_index("by-g", "g"),
    "by-score-g": tables.global_index("by-score-g", "score:N", "g", tables.KEYS_ONLY),
    "by-many": tables.global_index("by-many", ["g", "colour"], ["score:N", "x"], tables.including("y")),
}
NEAR = "near"
VECTOR = tables.vector_index(NEAR, "v", 2, "EUCLIDEAN", filters=["colour"], projection=tables.including("colour", "y"))
NAMES = [*sorted(GLOBAL), NEAR]
KEY_TYPES = {
    "by-score": {"score": "N"},
    "by-g": {"g": "S"},
    "by-score-g": {"score": "N", "g": "S"},
    "by-many": {"g": "S", "colour": "S", "score": "N", "x": "S"},
    NEAR: {},
}
HELD = {
    "by-score": None,
    "by-g": None,
    "by-score-g": {"pk", "sk", "score", "g"},
    "by-many": {"pk", "sk", "g", "colour", "score", "x", "y"},
    NEAR: {"pk", "sk", "v", "colour", "y"},
}
LAG_MS = 1_000
ROLLOVER_SECONDS = 10.0
FIRST_PART_ITEMS = 3

KEYS: st.SearchStrategy[Key] = st.tuples(st.sampled_from("abc"), st.sampled_from("012"))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "g": st.sampled_from([S("red"), S("blue"), S("red"), S("blue"), N(7), S("")]),
    "colour": st.sampled_from([S("c"), S("d")]),
    "score": st.sampled_from([N(1), N(2), N(-3), S("text")]),
    "x": st.sampled_from([S("x"), S("longer")]),
    "y": st.just(S("y" * 40)),
    "v": st.sampled_from(
        [L(N(0), N(3)), L(N(4), N(0)), L(N(4), N(0)), L(N("-1.5"), N("0.25")), L(N(1)), S("no vector")]
    ),
}
ALL = frozenset(VALUES)
ATTRIBUTES: st.SearchStrategy[Item] = st.fixed_dictionaries({}, optional=VALUES)
LIVES = st.none() | st.integers(1, 30)
WRITES = st.lists(
    st.tuples(KEYS, st.none() | st.tuples(ATTRIBUTES, LIVES)), min_size=1, max_size=6, unique_by=lambda write: write[0]
)


def is_vector(value: Value | None) -> bool:
    return value is not None and "L" in value and len(value["L"]) == 2


class Everything(BackedUp):
    @initialize(
        in_memory=st.booleans(),
        lag=st.sampled_from([None, None, LAG_MS]),
        partitions=st.integers(1, 2),
        indexed=st.sets(st.sampled_from(NAMES)),
        is_on=st.booleans(),
    )
    def start(self, in_memory: bool, lag: int | None, partitions: int, indexed: set[str], is_on: bool) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.stores = 0
        self.lag = lag
        self.first_part, backfill.FIRST_MAX_ITEMS = backfill.FIRST_MAX_ITEMS, FIRST_PART_ITEMS
        self.begin_backups()
        self.time = Time()
        self.settings = StreamSettings(partitions=partitions, rollover_seconds=ROLLOVER_SECONDS)
        self.path = None if in_memory else self.new_path()
        self.calls = Streaming(self.open(), self.time, self.settings)
        self.begin_anew()
        self.create(indexed, is_on)

    def begin_anew(self) -> None:
        self.items: dict[Key, Item] = {}
        self.history: dict[str, dict[Key, list[Change]]] = {}
        """By ARN of a stream."""
        self.arn: str | None = None
        self.forget_backups()

    def new_path(self) -> Path:
        self.stores += 1
        return Path(self.directory.name, f"store-{self.stores}")

    def open(self) -> Engine:
        with patch.object(Housekeeper, "ask"):
            engine = open_engine(
                self.path,
                clock=self.time,
                streams=self.settings,
                replicas=1,
                durability="none",
                ttl_interval=3600,
                gsi_lag_ms=self.lag,
            )
        return alone(engine)

    def create(self, indexed: set[str], is_on: bool) -> None:
        members: dict[str, Any] = {"StreamSpecification": specification()} if is_on else {}
        indexes = [GLOBAL[name] for name in sorted(indexed - {NEAR})]
        vector = [VECTOR] if NEAR in indexed else []
        self.calls.create(tables.table(sort="N", local=[LOCAL], global_=indexes, vector=vector, **members))
        self.indexes = set(indexed)
        self.has_ttl = False
        self.whole_stream = self.arn = None
        if is_on:
            self.whole_stream = self.arn = self.calls.arn()
            self.history[self.arn] = defaultdict(list)

    # --- the model -------------------------------------------------------------------------------

    def becomes(self, key: Key, new: Item | None) -> None:
        old = self.items.get(key)
        if old == new:
            return
        if self.arn is not None:
            kind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
            self.history[self.arn][key].append((kind, old, new))
        if new is None:
            del self.items[key]
        else:
            self.items[key] = new

    def item(self, key: Key, content: tuple[Item, int | None]) -> Item:
        attributes, lives = content
        item = key_attributes(key) | attributes
        return item if lives is None else item | {"ttl": N(int(self.time.now) + lives)}

    def as_it_is(self) -> Table:
        return list(self.items.values()), frozenset(self.indexes)

    def is_refused(self, item: Item, written: Set[str] = ALL) -> bool:
        """``written`` are the attributes that are: an item may be older than an index that it does not fit, and the
        index minds only when one of its key attributes is written."""
        if NEAR in self.indexes and "v" in item and "v" in written and not is_vector(item["v"]):
            return True
        types = [KEY_TYPES[name] for name in ("by-score", *self.indexes)]
        return any(
            key in item and (kind not in item[key] or item[key] == S(""))
            for key_types in types
            if not written.isdisjoint(key_types)
            for key, kind in key_types.items()
        )

    # --- writes ----------------------------------------------------------------------------------

    @rule(writes=WRITES)
    def write_one_by_one(self, writes: list[tuple[Key, Any]]) -> None:
        for key, content in writes:
            if content is None:
                self.calls.call("DeleteItem", TableName="table", Key=key_attributes(key))
                self.becomes(key, None)
            else:
                item = self.item(key, content)
                self.attempt(self.is_refused(item), {key: item}, "PutItem", TableName="table", Item=item)

    @rule(writes=WRITES)
    def write_a_batch(self, writes: list[tuple[Key, Any]]) -> None:
        due = self.due(writes)
        requests = [
            {"DeleteRequest": {"Key": key_attributes(key)}} if item is None else {"PutRequest": {"Item": item}}
            for key, item in due.items()
        ]
        self.attempt(self.refuses(due), due, "BatchWriteItem", RequestItems={"table": requests})

    @rule(writes=WRITES, fails=st.booleans())
    def transact(self, writes: list[tuple[Key, Any]], fails: bool) -> None:
        due = self.due(writes)
        actions: list[dict[str, Any]] = [
            {"Delete": {"TableName": "table", "Key": key_attributes(key)}}
            if item is None
            else {"Put": {"TableName": "table", "Item": item}}
            for key, item in due.items()
        ]
        if fails:
            check = {"Key": key_attributes(("z", "9")), "ConditionExpression": "attribute_exists(pk)"}
            actions.append({"ConditionCheck": {"TableName": "table", **check}})
        self.attempt(fails or self.refuses(due), due, "TransactWriteItems", TransactItems=actions)

    @rule(writes=WRITES)
    def transact_statements(self, writes: list[tuple[Key, Any]]) -> None:
        due = {key: item for key, item in self.due(writes).items() if item is None or key not in self.items}
        statements = [statement_of(key, item) for key, item in due.items()]
        if statements:
            self.attempt(self.refuses(due), due, "ExecuteTransaction", TransactStatements=statements)

    @rule(writes=WRITES)
    def execute_statements(self, writes: list[tuple[Key, Any]]) -> None:
        for key, item in self.due(writes).items():
            if key in self.items:
                self.calls.call("ExecuteStatement", **statement_of(key, None))
                self.becomes(key, None)
            if item is not None:
                self.attempt(self.is_refused(item), {key: item}, "ExecuteStatement", **statement_of(key, item))

    @rule(key=KEYS, name=st.sampled_from(sorted(VALUES)), data=st.data(), removed=st.sampled_from(sorted(VALUES)))
    def update(self, key: Key, name: str, data: st.DataObject, removed: str) -> None:
        value = data.draw(VALUES[name])
        item = dict(self.items.get(key, key_attributes(key)))
        if removed != name:
            item.pop(removed, None)
        item[name] = value
        remove = f" REMOVE {removed}" if removed != name else ""
        if key in self.items and data.draw(st.booleans()):
            where = f"WHERE pk = '{key[0]}' AND sk = {key[1]}"
            statement = f'UPDATE "table" SET {name} = ?{remove} {where}'
            request: dict[str, Any] = {"Statement": statement, "Parameters": [value]}
            self.attempt(self.is_refused(item, {name, removed}), {key: item}, "ExecuteStatement", **request)
            return
        request = {
            "TableName": "table",
            "Key": key_attributes(key),
            "UpdateExpression": f"SET {name} = :v{remove}",
            "ExpressionAttributeValues": {":v": value},
        }
        self.attempt(self.is_refused(item, {name, removed}), {key: item}, "UpdateItem", **request)

    @rule(writes=WRITES)
    def load(self, writes: list[tuple[Key, Any]]) -> None:
        items = [self.item(key, content) for key, content in writes if content is not None]
        refused: list[int] = []
        load(self.calls.engine, CALLER, "table", items, lambda ordinal, _: refused.append(ordinal))
        assert refused == [ordinal for ordinal, item in enumerate(items, 1) if self.is_refused(item)]
        for ordinal, item in enumerate(items, 1):
            if ordinal not in refused:
                self.becomes(key_of(item), item)

    def due(self, writes: list[tuple[Key, Any]]) -> dict[Key, Item | None]:
        return {key: None if content is None else self.item(key, content) for key, content in writes}

    def refuses(self, due: dict[Key, Item | None]) -> bool:
        return any(item is not None and self.is_refused(item) for item in due.values())

    def attempt(self, is_refused: bool, due: dict[Key, Any], operation: str, **request: Any) -> None:
        error = self.calls.error(operation, **request)
        assert (error is not None) == is_refused, (error, request)
        if error is None:
            for key, item in due.items():
                self.becomes(key, item)

    # --- what changes the table ------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES))
    def create_index(self, name: str) -> None:
        request = tables.creation(VECTOR) if name == NEAR else creation(name)
        is_refused = name in self.indexes or bool(self.filling())
        error = self.calls.error("UpdateTable", TableName="table", **request)
        assert (error is not None) == is_refused, error
        if error is None:
            self.indexes.add(name)

    @rule(name=st.sampled_from(NAMES))
    def delete_index(self, name: str) -> None:
        filling = self.filling()
        kind = "VectorIndexUpdates" if name == NEAR else "GlobalSecondaryIndexUpdates"
        request = {kind: [{"Delete": {"IndexName": name}}]}
        error = self.calls.error("UpdateTable", TableName="table", **request)
        assert (error is not None) == (name not in self.indexes or filling not in ([], [name])), error
        if error is None:
            self.indexes.discard(name)

    @rule()
    def switch_stream(self) -> None:
        was_on = self.arn is not None
        arn = self.calls.switch(None if was_on else BOTH)
        self.arn = self.whole_stream = None
        if not was_on:
            assert arn not in self.history
            self.arn = arn
            self.history[arn] = defaultdict(list)

    @rule()
    def switch_time_to_live(self) -> None:
        self.has_ttl = not self.has_ttl
        specification = {"Enabled": self.has_ttl, "AttributeName": "ttl"}
        self.calls.call("UpdateTimeToLive", TableName="table", TimeToLiveSpecification=specification)

    @rule(at=st.integers(1, 2**32 - 1))
    def split(self, at: int) -> None:
        with suppress(ValidationException):  # once at each place
            self.calls.engine.split_partition("table", at)

    @rule(indexed=st.sets(st.sampled_from(NAMES)), is_on=st.booleans())
    def create_table_anew(self, indexed: set[str], is_on: bool) -> None:
        is_filling = bool(self.filling())
        assert (self.calls.error("DeleteTable", TableName="table") is not None) == is_filling
        if not is_filling:
            self.arn, self.items = None, {}
            self.create(indexed, is_on)

    # --- time, chores ----------------------------------------------------------------------------

    @rule(seconds=st.integers(0, 12))
    def time_passes(self, seconds: int) -> None:
        self.time.now += seconds

    @rule()
    def expire(self) -> None:
        due = [
            key
            for key, item in self.items.items()
            if self.has_ttl and "ttl" in item and int(item["ttl"]["N"]) < self.time.now
        ]
        while self.chore(EXPIRE) not in (None, 3600):
            pass
        for key in due:
            self.becomes(key, None)

    @rule()
    def roll_over(self) -> None:
        while self.chore(STREAMS) == 0.0:
            pass

    @rule()
    def purge(self) -> None:
        while self.chore(PURGE) == 0.0:  # else it is done, or held until a backup is complete
            pass

    @rule(items=st.integers(1, 3))
    def fill(self, items: int) -> None:
        with self.calls.engine.store.snapshot() as txn:
            numbers = unfilled(txn)
        for number in numbers:
            self.calls.engine.submit(FillingPart(self.calls.engine.surroundings.catalog, number, items)).result()

    @rule()
    def propagate(self) -> None:
        if self.calls.engine.propagator.is_needed:
            self.calls.engine.propagator._step()

    def chore(self, name: str) -> float | None:
        return self.calls.engine._housekeeper._chores[name]()

    # --- the store -------------------------------------------------------------------------------

    @precondition(lambda self: self.path is not None)
    @rule()
    def restart(self) -> None:
        self.calls.engine.close()
        self.calls = Streaming(self.open(), self.time, self.settings)

    @rule(in_memory=st.booleans())
    def fork(self, in_memory: bool) -> None:
        path = None if in_memory else self.new_path()
        with patch.object(Housekeeper, "ask"):
            forked = alone(self.calls.engine.fork(path))
        self.calls.call("PutItem", TableName="table", Item=key_attributes(("z", "8")))
        check_database(self.calls.engine)
        self.calls.engine.close()
        self.path = path
        self.calls = Streaming(forked, self.time, self.settings)

    @rule(indexed=st.sets(st.sampled_from(NAMES)), is_on=st.booleans())
    def reset(self, indexed: set[str], is_on: bool) -> None:
        self.calls.engine.reset()
        self.begin_anew()
        self.create(indexed, is_on)

    # --- reads -----------------------------------------------------------------------------------

    @rule(name=st.sampled_from(sorted(GLOBAL)), whole=st.booleans())
    def read_index(self, name: str, whole: bool) -> None:
        request = {"TableName": "table", "IndexName": name}
        if name not in self.indexes or name in self.filling():
            assert self.calls.error("Scan", **request) is not None
            return
        found = list(scan_all(self.calls.engine, CALLER, request)) if whole else self.calls.items("Scan", **request)
        if self.lag is None:
            assert ordered(found) == ordered(self.projected(name))

    @rule(at=VALUES["v"].filter(is_vector), most=st.integers(1, 12), colour=st.none() | VALUES["colour"])
    def search(self, at: Value, most: int, colour: Value | None) -> None:
        request: dict[str, Any] = {"SearchVector": at["L"], "TopK": most}
        if colour is not None:
            request["SearchConditionExpression"] = "colour = :colour"
            request["ExpressionAttributeValues"] = {":colour": colour}
        if NEAR not in self.indexes or NEAR in self.filling():
            assert self.calls.error("SearchVectors", TableName="table", IndexName=NEAR, **request) is not None
            return
        found = self.calls.call("SearchVectors", TableName="table", IndexName=NEAR, **request)["SearchResults"]
        if self.lag is None:
            wanted = [item for item in self.projected(NEAR) if colour is None or item.get("colour") == colour]
            distances = {key_of(item): distance(at, item["v"]) for item in wanted}
            assert [result["Score"] for result in found] == sorted(distances.values())[:most]
            shown = {key_of(item): {name: value for name, value in item.items() if name != "v"} for item in wanted}
            for result in found:
                key = key_of(result["Item"])
                assert result == {"Item": shown.pop(key), "Score": distances[key]}

    def filling(self) -> list[str]:
        described = self.calls.call("DescribeTable", TableName="table")["Table"]
        indexes = [*described.get("GlobalSecondaryIndexes", ()), *described.get("VectorIndexes", ())]
        return [index["IndexName"] for index in indexes if index["IndexStatus"] == "CREATING"]

    def projected(self, name: str) -> list[Item]:
        return projected(name, self.items.values())

    @invariant()
    def the_database_is_whole(self) -> None:
        if hasattr(self, "calls"):
            check_database(self.calls.engine)

    # --- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "indexes"):
            return
        try:
            self.come_to_rest()
            self.compare_items()
            self.compare_indexes("table", self.as_it_is())
            self.compare_streams()
            self.compare_restored(self.compare_indexes)
            check_database(self.calls.engine)
            self.calls.engine.close()
            if self.path is not None:
                diagnosis = diagnose(self.path, (), lambda *_: None)
                assert diagnosis.is_clean, diagnosis
        finally:
            backfill.FIRST_MAX_ITEMS = self.first_part
            self.end_backups()
            self.calls.engine.close()
            self.directory.cleanup()

    def come_to_rest(self) -> None:
        self.time.now += LAG_MS
        self.finish_backups()
        while self.filling():
            self.fill(1)
        propagator = self.calls.engine.propagator
        while propagator.is_needed and propagator._step().entries:
            pass
        propagator._pass_gap()
        assert propagator.passed >= self.calls.engine.store.last_logged() or not self.indexes

    def compare_items(self) -> None:
        found = self.calls.items("Scan", TableName="table", ConsistentRead=True)
        assert ordered(found) == ordered(list(self.items.values()))

    def compare_indexes(self, table_name: str, table: Table) -> None:
        items, indexes = table
        described = self.calls.call("DescribeTable", TableName=table_name)["Table"]
        kinds = ("LocalSecondaryIndexes", "GlobalSecondaryIndexes", "VectorIndexes")
        shown = {index["IndexName"]: index for kind in kinds for index in described.get(kind, ())}
        assert shown.keys() == {"by-score", *indexes}
        for name, index in shown.items():
            due = projected(name, items)
            if name == NEAR:
                request = {"SearchVector": [N(0), N(0)], "TopK": 100, "ProjectionExpression": "pk, sk, colour, y, v"}
                found = self.calls.call("SearchVectors", TableName=table_name, IndexName=name, **request)
                rows = [result["Item"] for result in found["SearchResults"]]
                assert ordered([as_floats(row) for row in rows]) == ordered([as_floats(row) for row in due])
                assert index["ItemCount"] == len(due)
                continue
            assert ordered(self.calls.items("Scan", TableName=table_name, IndexName=name)) == ordered(due)
            sizes = [_core.encode_item(row)[1] for row in due]
            assert (index["ItemCount"], index["IndexSizeBytes"]) == (len(sizes), sum(sizes))

    def compare_streams(self) -> None:
        for arn, history in self.history.items():
            told: dict[Key, list[Change]] = defaultdict(list)
            numbers: dict[Key, list[int]] = defaultdict(list)
            for record in self.calls.records(arn, limit=3):
                change = record["dynamodb"]
                key = key_of(change["Keys"])
                told[key].append((record["eventName"], change.get("OldImage"), change.get("NewImage")))
                numbers[key] += sequence_numbers([record])
            assert told == {key: changes for key, changes in history.items() if changes}
            assert all(of_key == sorted(set(of_key)) for of_key in numbers.values())
            if arn == self.whole_stream:
                last = {key: changes[-1][2] for key, changes in told.items()}
                assert {key: item for key, item in last.items() if item is not None} == self.items


def alone(engine: Engine) -> Engine:
    """The engine, with nothing happening in the background."""
    engine._housekeeper.close()
    engine.propagator._worker.close()
    return engine


def key_attributes(key: Key) -> Item:
    return {"pk": S(key[0]), "sk": N(int(key[1]))}


def key_of(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["N"]


def creation(name: str) -> dict[str, Any]:
    """The members of an UpdateTable request that adds a global secondary index."""
    index = {member: value for member, value in GLOBAL[name].items() if member != "types"}
    definitions = [
        {"AttributeName": key, "AttributeType": kind} for key, kind in {"pk": "S", **KEY_TYPES[name]}.items()
    ]
    return {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [{"Create": index}]}


def projected(name: str, items: Iterable[Item]) -> list[Item]:
    return [row for item in items if (row := projection(name, item)) is not None]


def as_floats(row: Item) -> Item:
    return {**row, "v": L(*(N(str(float(element["N"]))) for element in row["v"]["L"]))}


def distance(a: Value, b: Value) -> float:
    """All of them are exact floats, but for the root."""
    root = math.hypot(*(float(x["N"]) - float(y["N"]) for x, y in zip(a["L"], b["L"], strict=True)))
    return float(struct.unpack("<f", struct.pack("<f", root))[0])


def projection(name: str, item: Item) -> Item | None:
    """What an index holds of an item, by the words of the service's documentation."""
    for key, kind in KEY_TYPES[name].items():
        if kind not in item.get(key, {}) or item[key] == S(""):
            return None
    if name == NEAR and not is_vector(item.get("v")):
        return None
    held = HELD[name]
    return {key: value for key, value in item.items() if held is None or key in held}


def statement_of(key: Key, item: Item | None) -> dict[str, Any]:
    """A statement that inserts an item, or deletes the one at a key."""
    if item is None:
        return {"Statement": f"DELETE FROM \"table\" WHERE pk = '{key[0]}' AND sk = {key[1]}"}
    members = ", ".join(f"'{name}': ?" for name in item)
    return {"Statement": f'INSERT INTO "table" VALUE {{{members}}}', "Parameters": list(item.values())}


Everything.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestEverything = Everything.TestCase
