"""Local indexes of every projection under random writes, read in every way there is, against a plain model.

Strategy: few keys, so that items come and go, change places in the index and grow; some are larger than a read unit.
Invariants: the items of every page, how they are ordered, and what each page is said to have consumed, on the index
and for what it fetched from the table; at the end, the whole-database check.  Not covered: restarts, pages that end at
1 MB, concurrent callers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ddbengine import _core
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.model import Model, View, key_of
from tests.engine.whole_check import check_database
from tests.wire import Item, M, N, S

KEY_NAMES = ("pk", "sk", "l")
ALL = View("by-l-all", "pk", "l")
KEYS = View("by-l-keys", "pk", "l", KEY_NAMES)
SOME = View("by-l-some", "pk", "l", (*KEY_NAMES, "x", "m"))
SCHEMA = tables.table(
    sort="N",
    local=[
        tables.local_index("by-l-all", "l:N"),
        tables.local_index("by-l-keys", "l:N", tables.KEYS_ONLY),
        tables.local_index("by-l-some", "l:N", tables.including("x", "m")),
    ],
)
READ_UNIT = 4096

PARTITIONS = st.sampled_from(["a", "a", "a", "b"])
TABLE_KEYS = st.builds(lambda pk, sk: {"pk": S(pk), "sk": N(sk)}, PARTITIONS, st.integers(0, 5))
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "l": st.sampled_from(["-7", "-7", "0", "0.5", "3", "3", "20"]).map(N),
        "x": st.sampled_from(["", "x", "y" * 3000]).map(S),
        "y": st.sampled_from(["y", "y" * 2000, "y" * 9000]).map(S),
        "m": st.builds(lambda a, b: M(a=N(a), b=S(b)), st.integers(0, 3), st.sampled_from(["b", "b" * 4000])),
    },
)
ITEMS = st.builds(lambda key, attributes: {**key, **attributes}, TABLE_KEYS, ATTRIBUTES)


class Shown(NamedTuple):
    """What a read asks to see, and what that makes of a whole item; ``wants`` are the attributes it needs."""

    members: dict[str, Any]
    wants: tuple[str, ...] | None
    """None: all of the item."""

    def of(self, item: Item) -> Item:
        if "m.a" in self.members.get("ProjectionExpression", ""):
            return {"m": M(a=item["m"]["M"]["a"])} if "m" in item else {}
        return item if self.wants is None else {name: value for name, value in item.items() if name in self.wants}


def projecting(text: str) -> Shown:
    names = tuple(name.strip().partition(".")[0] for name in text.split(","))
    return Shown({"ProjectionExpression": text}, names)


WHOLE = Shown({"Select": "ALL_ATTRIBUTES"}, None)
SHOWN: tuple[Shown | None, ...] = (
    None,  # what the index holds
    WHOLE,
    projecting("l, sk"),
    projecting("x"),
    projecting("y, l"),
    projecting("m.a"),
    Shown({"AttributesToGet": ["y"]}, ("y",)),
)


def size(item: Item) -> int:
    return _core.item_size(_core.encode_item(item)[0])


def units(sizes: Iterable[int], consistent: bool) -> float:
    """Read units of sizes that are added up first."""
    whole = max(1, -(-sum(sizes) // READ_UNIT))
    return whole if consistent else whole / 2


class LocalIndexes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.engine = open_engine(None)
        self.calls = Calls(self.engine)
        self.model = Model()

    @initialize(items=st.lists(ITEMS, min_size=4, max_size=12))
    def create(self, items: list[Item]) -> None:
        self.calls.create(SCHEMA)
        for item in items:
            self.put(item)

    @rule(item=ITEMS)
    def put(self, item: Item) -> None:
        self.calls.put("table", item)
        self.model.put(item)

    @rule(item=ITEMS)
    def update(self, item: Item) -> None:
        """Makes an item of what is there, by setting what the drawn one has and taking away the rest."""
        key = {"pk": item["pk"], "sk": item["sk"]}
        changes = {name: {"Value": value} for name, value in item.items() if name not in key}
        gone = {name: {"Action": "DELETE"} for name in ("l", "x", "y", "m") if name not in item}
        self.calls.call("UpdateItem", TableName="table", Key=key, AttributeUpdates=changes | gone)
        if changes or key_of(item) in self.model.items:
            self.model.put(item)

    @rule(key=TABLE_KEYS)
    def delete(self, key: Item) -> None:
        self.calls.call("DeleteItem", TableName="table", Key=key)
        self.model.delete(key_of(key))

    @rule(items=st.lists(ITEMS, min_size=1, max_size=4, unique_by=lambda item: str(key_of(item))))
    def transact(self, items: list[Item]) -> None:
        actions = [{"Put": {"TableName": "table", "Item": item}} for item in items]
        self.calls.call("TransactWriteItems", TransactItems=actions)
        for item in items:
            self.model.put(item)

    @rule(
        view=st.sampled_from([ALL, KEYS, SOME]),
        partition=PARTITIONS,
        shown=st.sampled_from(SHOWN),
        limit=st.none() | st.integers(1, 4),
        forward=st.booleans(),
        consistent=st.booleans(),
    )
    def query(
        self, view: View, partition: str, shown: Shown | None, limit: int | None, forward: bool, consistent: bool
    ) -> None:
        rows = self.model.query(view, S(partition), lambda _: True, forward)
        request: dict[str, Any] = {
            "TableName": "table",
            "IndexName": view.name,
            "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [S(partition)]}},
            "ScanIndexForward": forward,
        }
        if shown is not None and "ProjectionExpression" in shown.members:
            del request["KeyConditions"]
            request |= {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": S(partition)}}
        self._read("Query", request, view, rows, shown, limit, consistent)

    @rule(
        view=st.sampled_from([ALL, KEYS, SOME]),
        shown=st.sampled_from(SHOWN),
        limit=st.none() | st.integers(1, 4),
        consistent=st.booleans(),
    )
    def scan(self, view: View, shown: Shown | None, limit: int | None, consistent: bool) -> None:
        request = {"TableName": "table", "IndexName": view.name}
        self._read("Scan", request, view, self.model.scan(view), shown, limit, consistent)

    def _read(
        self,
        operation: str,
        request: dict[str, Any],
        view: View,
        rows: list[Item],
        shown: Shown | None,
        limit: int | None,
        consistent: bool,
    ) -> None:
        members = {} if shown is None else shown.members
        request = {**request, **members, "ConsistentRead": consistent, "ReturnConsumedCapacity": "INDEXES"}
        if limit is not None:
            request["Limit"] = limit
        wanted = rows if shown is None else [shown.of(self.model.items[key_of(row)]) for row in rows]
        read = 0
        for page in self.calls.pages(operation, **request):
            step = page["ScannedCount"]
            assert step <= (limit or len(rows))
            assert page["Items"] == wanted[read : read + step]
            assert page["ConsumedCapacity"] == self._consumed(view, rows[read : read + step], shown, consistent)
            read += step
        assert read == len(rows)

    def _consumed(self, view: View, rows: list[Item], shown: Shown | None, consistent: bool) -> dict[str, Any]:
        on_index = units(map(size, rows), consistent)
        on_table = 0.0
        if view.held is not None and shown is not None and not (shown.wants and set(shown.wants) <= set(view.held)):
            on_table = sum(units([size(self.model.items[key_of(row)])], consistent) for row in rows)
        return {
            "TableName": "table",
            "CapacityUnits": on_table + on_index,
            "Table": {"CapacityUnits": on_table},
            "LocalSecondaryIndexes": {view.name: {"CapacityUnits": on_index}},
        }

    def teardown(self) -> None:
        try:
            check_database(self.engine)
        finally:
            self.engine.close()


LocalIndexes.TestCase.settings = settings(max_examples=50, stateful_step_count=30)
TestLocalIndexes = LocalIndexes.TestCase
