"""An action of a transaction does what the operation of its name does, and is refused where that is refused.

Strategy: few keys, so that conditions are met as often as not, and actions that fail in every way that depends on the
item.  One engine carries out a transaction, another the same actions one by one.  Invariants: when every single one
succeeds, so does the transaction, with the same items afterwards; else it is cancelled for exactly those actions that
failed, in the same words, and nothing has changed.  Not covered: what refuses a transaction as a whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.engine.whole_check import check_database
from tests.wire import SS, Item, N, S, placeholders

KEYS = [{"pk": S(name)} for name in "abcdef"]
ENVELOPE = "1 validation error detected: "
VALUES = st.sampled_from([N(0), N(7), S("x"), S("y"), SS("p", "q"), {"NULL": True}])
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"x": VALUES, "y": VALUES, "g": st.sampled_from([S("u"), S("v"), N(1)])}
)
STORED = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES, "g": st.sampled_from([S("u"), S("v")])})
CONDITIONS = st.sampled_from(
    [
        None,
        None,
        "attribute_exists(pk)",
        "attribute_not_exists(pk)",
        "attribute_exists(x)",
        "x = y",
        "size(x) > size(y)",
    ]
)
UPDATES = st.sampled_from(
    [
        ("SET x = y", {}),
        ("SET g = x", {}),
        ("SET y = if_not_exists(x, :v) REMOVE g", {"v": S("new")}),
        ("SET x = x + :v", {"v": N(3)}),
        ("SET x.deeper = :v", {"v": N(3)}),
        ("ADD x :v", {"v": N(3)}),
        ("DELETE y :v", {"v": SS("p")}),
        ("REMOVE x, y", {}),
        ("SET g = :v", {"v": N(3)}),
        ("SET pk = :v", {"v": S("other")}),
    ]
)


class Step(NamedTuple):
    kind: str
    key: Item
    attributes: Item
    update: tuple[str, Item]
    members: dict[str, Any]

    def action(self) -> dict[str, Any]:
        return {self.kind: {"TableName": "table", **self._body()}}

    def single(self, engine: Calls) -> dict[str, Any] | None:
        """Carry it out by itself; the cancellation reason that its error makes, None for a success."""
        if self.kind == "ConditionCheck":
            # A put of the very item that is there, or is not there, checks and changes nothing but that.
            found = engine.get("table", **self.key)
            operation, body = ("DeleteItem", self._body()) if found is None else ("PutItem", {"Item": found})
            members = self.members
        else:
            operation, body, members = f"{self.kind}Item", self._body(), {}
        error = engine.error(operation, TableName="table", **{**body, **members})
        if error is None:
            return None
        if error.code == "ConditionalCheckFailedException":
            item = {"Item": engine.get("table", **self.key)} if "Item" in error.members else {}
            return {"Code": "ConditionalCheckFailed", "Message": error.message, **item}
        assert error.message is not None
        return {"Code": "ValidationError", "Message": error.message.removeprefix(ENVELOPE)}

    def _body(self) -> dict[str, Any]:
        if self.kind == "Put":
            return {"Item": {**self.key, **self.attributes}, **self.members}
        if self.kind != "Update":
            return {"Key": self.key, **self.members}
        expression, values = self.update
        known = {"ExpressionAttributeValues": placeholders(**values)} if values else {}
        return {"Key": self.key, "UpdateExpression": expression, **known, **self.members}


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=5, unique_by=str))
    drawn = []
    for key in keys:
        kind = draw(st.sampled_from(["Put", "Update", "Delete", "ConditionCheck"]))
        condition = draw(CONDITIONS)
        if condition is None and kind == "ConditionCheck":
            condition = "attribute_exists(pk)"
        members: dict[str, Any] = {}
        if condition is not None:
            members = {"ConditionExpression": condition}
            if draw(st.booleans()):
                members["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        drawn.append(Step(kind, key, draw(ATTRIBUTES), draw(UPDATES), members))
    return drawn


@settings(max_examples=150)
@given(st.lists(st.none() | STORED, min_size=len(KEYS), max_size=len(KEYS)), steps())
def test_a_transaction_is_its_operations_together(stored: list[Item | None], sequence: list[Step]) -> None:
    engines = [open_engine(None), open_engine(None)]
    together, single = map(Calls, engines)
    for engine in (together, single):
        engine.create(tables.table(global_=[tables.global_index("by-g", "g")]))
        engine.put("table", *({**key, **item} for key, item in zip(KEYS, stored, strict=True) if item is not None))
    before = together.items("Scan", TableName="table")
    reasons = [step.single(single) for step in sequence]
    error = together.error("TransactWriteItems", TransactItems=[step.action() for step in sequence])
    after = together.items("Scan", TableName="table")
    if any(reasons):
        assert error is not None
        assert error.code == "TransactionCanceledException", error
        assert together_reasons(together, sequence) == [reason or {"Code": "None"} for reason in reasons]
        assert after == before
    else:
        assert error is None, error
        assert after == single.items("Scan", TableName="table")
    for opened in engines:
        check_database(opened)
        opened.close()


def together_reasons(engine: Calls, sequence: list[Step]) -> list[dict[str, Any]]:
    """The reasons as a client sees them."""
    refusal = engine.refusal("TransactWriteItems", TransactItems=[step.action() for step in sequence])
    found: list[dict[str, Any]] = refusal.members["CancellationReasons"]
    return found
