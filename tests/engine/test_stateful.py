"""Random operations on one table with indexes, against the plain model of tests.engine.model.

Strategy: few keys and few values, so that operations meet each other's items; now and then an item so large that a
page ends by size.  Invariants: every answer is the model's answer; at the end, the whole-database check and the item
count.  Not covered: restarts, concurrent callers, several tables.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.model import TABLE, Key, Model, View, key_of, scalar
from tests.engine.whole_check import check_database
from tests.wire import SS, Item, L, N, S, Value, placeholders

LOCAL = View("by-l", "pk", "l", ("pk", "sk", "l", "x"))
GLOBAL = View("by-g", "g", "h")
VIEWS = (TABLE, LOCAL, GLOBAL)
SCHEMA = tables.table(
    sort="N",
    local=[tables.local_index("by-l", "l", tables.including("x"))],
    global_=[tables.global_index("by-g", "g", "h:N")],
)

PARTITIONS = ("a", "a", "a", "b", "a\x00")
SORTS = ("-2", "-1.5", "0", "0.5", "9", "10", "1000")
TAGS = ("t", "u", "v")
KEYS = st.tuples(st.sampled_from(PARTITIONS), st.sampled_from(SORTS)).map(
    lambda pair: {"pk": S(pair[0]), "sk": N(pair[1])}
)
SMALL = st.sampled_from([-1, 0, 2, 9, 10]).map(N)
TEXTS = st.sampled_from(["", "l", "la", "lb", "m"]).map(S)
INDEX_TEXTS = st.sampled_from(["l", "l", "la", "m"]).map(S)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "x": SMALL | TEXTS,
        "l": INDEX_TEXTS,
        "g": INDEX_TEXTS,
        "h": SMALL,
        "tags": st.sets(st.sampled_from(TAGS), min_size=1).map(lambda members: SS(*sorted(members))),
        "list": st.lists(SMALL, max_size=2).map(lambda elements: L(*elements)),
        "filler": st.sampled_from([0, 1000, 200_000]).map(lambda size: S("f" * size)),
    },
)
ITEMS = st.builds(lambda key, attributes: {**key, **attributes}, KEYS, ATTRIBUTES)


# --- conditions ------------------------------------------------------------------------------------------------------


class Condition(NamedTuple):
    """A condition expression and what it means; ``:c`` is its only value, if it has one."""

    text: str
    value: Value | None
    holds: Callable[[Item], bool]

    def members(self, name: str) -> dict[str, Any]:
        values = {} if self.value is None else {"ExpressionAttributeValues": {":c": self.value}}
        return {name: self.text, **values}


def compares(operator: str, value: Value) -> Condition:
    def holds(item: Item) -> bool:
        actual = item.get("x")
        if operator == "<>":
            return actual != value
        if actual is None or actual.keys() != value.keys():
            return False
        left, right = scalar(actual), scalar(value)
        return bool({"=": left == right, "<": left < right, ">=": left >= right}[operator])

    return Condition(f"x {operator} :c", value, holds)


SIMPLE_CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.just(Condition("attribute_exists(pk)", None, lambda item: "pk" in item)),
    st.just(Condition("attribute_not_exists(pk)", None, lambda item: "pk" not in item)),
    st.just(Condition("attribute_exists(x)", None, lambda item: "x" in item)),
    st.builds(compares, st.sampled_from(["=", "<>", "<", ">="]), SMALL | TEXTS),
    st.sampled_from(TAGS).map(
        lambda tag: Condition("contains(tags, :c)", S(tag), lambda item: tag in item.get("tags", {"SS": []})["SS"])
    ),
)
CONDITIONS = st.one_of(
    SIMPLE_CONDITIONS,
    SIMPLE_CONDITIONS.map(lambda c: Condition(f"NOT {c.text}", c.value, lambda item: not c.holds(item))),
    SIMPLE_CONDITIONS.map(
        lambda c: Condition(f"{c.text} OR attribute_exists(g)", c.value, lambda item: c.holds(item) or "g" in item)
    ),
)


# --- updates ---------------------------------------------------------------------------------------------------------


class Update(NamedTuple):
    """An update expression and what it makes of an item; None where the service refuses it."""

    text: str
    values: dict[str, Value]
    apply: Callable[[Item], Item | None]


def sets(name: str, value: Value) -> Update:
    return Update(f"SET {name} = :u", {":u": value}, lambda item: {**item, name: value})


def removes(name: str) -> Update:
    return Update(f"REMOVE {name}", {}, lambda item: {key: value for key, value in item.items() if key != name})


def increments(name: str, by: Value) -> Update:
    def apply(item: Item) -> Item | None:
        if "N" not in item.get(name, {}):
            return None
        return {**item, name: N(str(Decimal(item[name]["N"]) + Decimal(by["N"])))}

    return Update(f"SET {name} = {name} + :u", {":u": by}, apply)


def adds(name: str, by: Value) -> Update:
    def apply(item: Item) -> Item | None:
        if name not in item:
            return {**item, name: by}
        return increments(name, by).apply(item)

    return Update(f"ADD {name} :u", {":u": by}, apply)


def tagged(tags: set[str], keep: bool) -> Update:
    def apply(item: Item) -> Item | None:
        old = set(item.get("tags", {"SS": []})["SS"])
        new = old | tags if keep else old - tags
        rest = {key: value for key, value in item.items() if key != "tags"}
        return {**item, "tags": SS(*sorted(new))} if new else rest

    return Update(f"{'ADD' if keep else 'DELETE'} tags :u", {":u": SS(*sorted(tags))}, apply)


def appends(value: Value) -> Update:
    def apply(item: Item) -> Item | None:
        return {**item, "list": L(*item.get("list", L())["L"], value)}

    text = "SET #list = list_append(if_not_exists(#list, :e), :u)"
    return Update(text, {":u": L(value), ":e": L()}, apply)


def swaps() -> Update:
    def apply(item: Item) -> Item | None:
        if "l" not in item or "g" not in item:
            return None
        return {**item, "l": item["g"], "g": item["l"]}

    return Update("SET l = g, g = l", {}, apply)


TAG_SETS = st.sets(st.sampled_from(TAGS), min_size=1)
UPDATES = st.one_of(
    st.builds(sets, st.just("x"), SMALL | TEXTS),
    st.builds(sets, st.sampled_from(["l", "g"]), INDEX_TEXTS),
    st.builds(sets, st.just("h"), SMALL),
    st.builds(removes, st.sampled_from(["x", "l", "g", "h", "tags", "filler"])),
    st.builds(increments, st.sampled_from(["x", "h"]), SMALL),
    st.builds(adds, st.sampled_from(["x", "h"]), SMALL),
    st.builds(tagged, TAG_SETS, st.booleans()),
    st.builds(appends, SMALL),
    st.builds(swaps),
)


# --- key conditions --------------------------------------------------------------------------------------------------


class Range(NamedTuple):
    text: str
    values: list[Value]
    wanted: Callable[[Any], bool]


def everything() -> Range:
    return Range("", [], lambda sort: True)


def compared(operator: str, bound: Value) -> Range:
    at = scalar(bound)
    wanted: dict[str, Callable[[Any], bool]] = {
        "=": lambda sort: sort == at, "<": lambda sort: sort < at, "<=": lambda sort: sort <= at,
        ">": lambda sort: sort > at, ">=": lambda sort: sort >= at,
    }  # fmt: skip
    return Range(f" AND #s {operator} :a", [bound], wanted[operator])


def between(bounds: list[Value]) -> Range:
    low, high = sorted(bounds, key=scalar)
    return Range(" AND #s BETWEEN :a AND :b", [low, high], lambda sort: scalar(low) <= sort <= scalar(high))


def begins(prefix: Value) -> Range:
    return Range(" AND begins_with(#s, :a)", [prefix], lambda sort: sort.startswith(scalar(prefix)))


def ranges(view: View) -> st.SearchStrategy[Range]:
    bounds = {"sk": st.sampled_from(SORTS).map(N), "l": INDEX_TEXTS, "h": SMALL}[view.sort]
    kinds = [
        st.builds(everything),
        st.builds(everything),
        st.builds(compared, st.sampled_from(["=", "<", "<=", ">", ">="]), bounds),
        st.lists(bounds, min_size=2, max_size=2).map(between),
    ]
    return st.one_of(*kinds, bounds.map(begins)) if view is LOCAL else st.one_of(*kinds)


# --- the machine -----------------------------------------------------------------------------------------------------

SCOPES = st.sampled_from(VIEWS)
LIMITS = st.none() | st.integers(1, 5)


class TableMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = open_engine(None)
        self.calls = Calls(self.engine)
        self.model = Model()

    @initialize(items=st.lists(ITEMS, min_size=8, max_size=40))
    def create(self, items: list[Item]) -> None:
        self.calls.create(SCHEMA)
        for item in items:
            self.put(item)

    # writes

    @rule(item=ITEMS)
    def put(self, item: Item) -> None:
        old = self.model.items.get(key_of(item))
        answer = self.calls.call("PutItem", TableName="table", Item=item, ReturnValues="ALL_OLD")
        assert answer.get("Attributes") == old
        self.model.put(item)

    @rule(key=KEYS)
    def delete(self, key: Item) -> None:
        answer = self.calls.call("DeleteItem", TableName="table", Key=key, ReturnValues="ALL_OLD")
        assert answer.get("Attributes") == self.model.items.get(key_of(key))
        self.model.delete(key_of(key))

    @rule(item=ITEMS, condition=CONDITIONS)
    def put_if(self, item: Item, condition: Condition) -> None:
        if self._allowed("PutItem", key_of(item), condition, Item=item):
            self.model.put(item)

    @rule(key=KEYS, condition=CONDITIONS)
    def delete_if(self, key: Item, condition: Condition) -> None:
        if self._allowed("DeleteItem", key_of(key), condition, Key=key):
            self.model.delete(key_of(key))

    def _allowed(self, operation: str, key: Key, condition: Condition, **subject: Item) -> bool:
        """Send a conditional write; whether it went through, as the model says it must or must not."""
        old = self.model.items.get(key)
        request = {"TableName": "table", **subject, **condition.members("ConditionExpression")}
        error = self.calls.error(operation, **request)
        holds = condition.holds(old or {})
        assert (None if error is None else error.code) == (None if holds else "ConditionalCheckFailedException")
        return holds

    @rule(key=KEYS, update=UPDATES)
    def update(self, key: Item, update: Update) -> None:
        old = self.model.items.get(key_of(key), key)
        new = update.apply(old)
        request: dict[str, Any] = {"TableName": "table", "Key": key, "UpdateExpression": update.text}
        if update.values:
            request["ExpressionAttributeValues"] = update.values
        if "#list" in update.text:
            request["ExpressionAttributeNames"] = {"#list": "list"}
        if new is None:
            assert self.calls.refusal("UpdateItem", **request).code == "ValidationException"
            return
        answer = self.calls.call("UpdateItem", **request, ReturnValues="ALL_NEW")
        if key_of(key) not in self.model.items and update.text.startswith(("REMOVE", "DELETE")):
            assert answer == {}, "an update that only takes away creates nothing"
            return
        assert answer["Attributes"] == new
        self.model.put(new)

    @rule(items=st.lists(ITEMS, max_size=4), keys=st.lists(KEYS, max_size=4))
    def write_in_a_batch(self, items: list[Item], keys: list[Item]) -> None:
        subjects = [*map(key_of, items), *map(key_of, keys)]
        requests = [{"PutRequest": {"Item": item}} for item in items]
        requests += [{"DeleteRequest": {"Key": key}} for key in keys]
        if not requests:
            return
        error = self.calls.error("BatchWriteItem", RequestItems={"table": requests})
        if len(set(subjects)) < len(subjects):
            assert error is not None
            assert error.message == "Provided list of item keys contains duplicates"
            return
        assert error is None
        for item in items:
            self.model.put(item)
        for key in keys:
            self.model.delete(key_of(key))

    # reads

    @rule(key=KEYS)
    def get(self, key: Item) -> None:
        assert self.calls.get("table", **key) == self.model.items.get(key_of(key))

    @rule(keys=st.lists(KEYS, min_size=1, max_size=6, unique_by=lambda key: (key["pk"]["S"], key["sk"]["N"])))
    def get_in_a_batch(self, keys: list[Item]) -> None:
        answer = self.calls.call("BatchGetItem", RequestItems={"table": {"Keys": keys}})
        found = {key_of(item): item for item in answer["Responses"]["table"]}
        wanted = {*map(key_of, keys)} & self.model.items.keys()
        assert found == {key: self.model.items[key] for key in wanted}

    @rule(data=st.data(), view=SCOPES, forward=st.booleans(), limit=LIMITS)
    def query(self, data: st.DataObject, view: View, forward: bool, limit: int | None) -> None:
        partition, chosen = self._drawn(data, view)
        request = self._query_request(view, partition, chosen, forward)
        due = self.model.query(view, partition, chosen.wanted, forward)
        pages = list(self.calls.pages("Query", **request, **({} if limit is None else {"Limit": limit})))
        assert [item for page in pages for item in page["Items"]] == due
        for page in pages[:-1]:
            last = page["Items"][-1]
            assert page["LastEvaluatedKey"] == {name: last[name] for name in view.key_names}

    @rule(data=st.data(), view=SCOPES, forward=st.booleans())
    def query_from_a_key(self, data: st.DataObject, view: View, forward: bool) -> None:
        """Start after a row that was, is or never was there."""
        partition, chosen = self._drawn(data, view)
        start = data.draw(KEYS)
        start |= {"l": data.draw(INDEX_TEXTS)} if view is LOCAL else {}
        start |= {"g": partition, "h": data.draw(SMALL)} if view is GLOBAL else {"pk": partition}
        if not chosen.wanted(scalar(start[view.sort])):
            return
        request = self._query_request(view, partition, chosen, forward)
        rows = self.model.query(view, partition, chosen.wanted, forward)
        after = view.order(start)
        due = [row for row in rows if (view.order(row) > after if forward else view.order(row) < after)]
        assert self.calls.items("Query", **request, ExclusiveStartKey=start) == due

    def _drawn(self, data: st.DataObject, view: View) -> tuple[Value, Range]:
        partitions = INDEX_TEXTS if view is GLOBAL else st.sampled_from(PARTITIONS).map(S)
        return data.draw(partitions), data.draw(ranges(view))

    def _query_request(self, view: View, partition: Value, chosen: Range, forward: bool) -> dict[str, Any]:
        request: dict[str, Any] = {
            "TableName": "table",
            "KeyConditionExpression": f"{view.partition} = :p{chosen.text}",
            "ExpressionAttributeValues": placeholders(p=partition, **dict(zip("ab", chosen.values, strict=False))),
            "ScanIndexForward": forward,
        }
        if chosen.text:
            request["ExpressionAttributeNames"] = {"#s": view.sort}
        return request if view.name is None else {**request, "IndexName": view.name}

    @rule(view=SCOPES, limit=LIMITS, segments=st.sampled_from([1, 2, 3, 7]))
    def scan(self, view: View, limit: int | None, segments: int) -> None:
        members: dict[str, Any] = {"TableName": "table", "TotalSegments": segments}
        members |= {} if limit is None else {"Limit": limit}
        members |= {} if view.name is None else {"IndexName": view.name}
        found = [item for number in range(segments) for item in self.calls.items("Scan", **members, Segment=number)]
        assert found == self.model.scan(view)

    @rule(condition=CONDITIONS)
    def scan_filtered(self, condition: Condition) -> None:
        pages = list(self.calls.pages("Scan", TableName="table", **condition.members("FilterExpression")))
        due = [item for item in self.model.scan(TABLE) if condition.holds(item)]
        assert [item for page in pages for item in page["Items"]] == due
        assert sum(page["Count"] for page in pages) == len(due)
        assert sum(page["ScannedCount"] for page in pages) == len(self.model.items)

    @rule()
    def fetch_through_the_local_index(self) -> None:
        found = self.calls.items("Scan", TableName="table", IndexName=LOCAL.name, Select="ALL_ATTRIBUTES")
        assert found == [self.model.items[key_of(row)] for row in self.model.scan(LOCAL)]

    def teardown(self) -> None:
        try:
            if self.calls.call("ListTables")["TableNames"]:
                check_database(self.engine)
                description = self.calls.call("DescribeTable", TableName="table")["Table"]
                assert description["ItemCount"] == len(self.model.items)
        finally:
            self.engine.close()


TableMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=50)
TestTable = TableMachine.TestCase
