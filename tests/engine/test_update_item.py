"""UpdateItem: FACTS 4.4, 5.2; sizes of FACTS 2.7."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import NS, SS, Item, L, M, N, S, Value, placeholders

ENVELOPE = "1 validation error detected: "
KEY = {"pk": S("a"), "sk": N(1)}
TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


@pytest.fixture
def table(engine: Calls) -> str:
    return engine.create(tables.table(sort="N"))


def update(engine: Calls, table: str, expression: str | None = None, **members: Any) -> dict[str, Any]:
    if expression is not None:
        members["UpdateExpression"] = expression
    return engine.call("UpdateItem", **{"TableName": table, "Key": KEY, **members})


def after(engine: Calls, table: str, old: Item, expression: str, **values: Value) -> Item:
    """The item's attributes besides its key, after an update."""
    engine.put(table, {**KEY, **old})
    members = {"ExpressionAttributeValues": placeholders(**values)} if values else {}
    update(engine, table, expression, **members)
    item = engine.get(table, **KEY)
    assert item is not None
    return {name: value for name, value in item.items() if name not in KEY}


# --- what an expression does ---------------------------------------------------------------------------------------


def test_an_update_creates_a_missing_item(engine: Calls, table: str) -> None:
    assert update(engine, table, "SET x = :v", ExpressionAttributeValues=placeholders(v=S("1"))) == {}
    assert engine.get(table, **KEY) == {**KEY, "x": S("1")}


def test_a_key_alone_creates_the_item_and_leaves_an_existing_one(engine: Calls, table: str) -> None:
    assert update(engine, table) == {}
    assert engine.get(table, **KEY) == KEY
    engine.put(table, {**KEY, "x": S("1")})
    assert update(engine, table) == {}
    assert engine.get(table, **KEY) == {**KEY, "x": S("1")}


@pytest.mark.parametrize("mode", ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_an_update_that_only_takes_away_creates_nothing(engine: Calls, table: str, mode: str) -> None:
    """Not in FACTS: scylladb/scylladb issue 5862 tells it of the service, for REMOVE and the legacy DELETE alike."""
    assert update(engine, table, "REMOVE x, nowhere.y", ReturnValues=mode) == {}
    update(engine, table, "DELETE x :v", ExpressionAttributeValues=placeholders(v=SS("a")))
    engine.call("UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"x": {"Action": "DELETE"}})
    assert engine.get(table, **KEY) is None


def test_every_right_hand_side_reads_the_item_as_it_was(engine: Calls, table: str) -> None:
    assert after(engine, table, {"x": S("1"), "y": S("2")}, "SET x = y, y = x") == {"x": S("2"), "y": S("1")}


def test_arithmetic_is_exact(engine: Calls, table: str) -> None:
    large = "99999999999999999999999999999999999998"
    assert after(engine, table, {"x": N(large)}, "SET x = x + :v", v=N(1)) == {"x": N(large[:-1] + "9")}
    assert after(engine, table, {"x": N(1)}, "SET x = :v - x", v=N("0.5")) == {"x": N("-0.5")}


def test_if_not_exists_and_list_append(engine: Calls, table: str) -> None:
    old = {"x": N(1), "l": L(N(1))}
    found = after(
        engine, table, old,
        "SET x = if_not_exists(x, :n), y = if_not_exists(y, :n), l = list_append(l, :l)", n=N(9), l=L(N(2)),
    )  # fmt: skip
    assert found == {"x": N(1), "y": N(9), "l": L(N(1), N(2))}


def test_a_list_index_past_the_end_appends(engine: Calls, table: str) -> None:
    assert after(engine, table, {"l": L(N(1))}, "SET l[7] = :v", v=N(2)) == {"l": L(N(1), N(2))}
    assert after(engine, table, {"l": L()}, "SET l[0] = :v", v=N(2)) == {"l": L(N(2))}


def test_removed_list_elements_close_up(engine: Calls, table: str) -> None:
    old = {"l": L(N(0), N(1), N(2), N(3))}
    assert after(engine, table, old, "REMOVE l[0], l[2]") == {"l": L(N(1), N(3))}


def test_removing_what_is_absent_succeeds(engine: Calls, table: str) -> None:
    old = {"m": M(a=N(1)), "l": L(N(1))}
    assert after(engine, table, old, "REMOVE x, m.b, l[3]") == old


def test_add_creates_and_adds(engine: Calls, table: str) -> None:
    old = {"n": N(1), "s": SS("a")}
    found = after(engine, table, old, "ADD n :n, fresh :n, s :s, sn :s", n=N(2), s=SS("a", "b"))
    assert found == {"n": N(3), "fresh": N(2), "s": SS("a", "b"), "sn": SS("a", "b")}


def test_delete_takes_members_and_the_last_takes_the_attribute(engine: Calls, table: str) -> None:
    assert after(engine, table, {"s": SS("a", "b")}, "DELETE s :s", s=SS("b", "c")) == {"s": SS("a")}
    assert after(engine, table, {"s": NS(1, 2)}, "DELETE s :s", s=NS("1.0", 2)) == {}


@pytest.mark.parametrize("expression", ["SET m.a = :v", "SET m[0] = :v", "SET x.a = :v"])
def test_setting_below_what_is_no_container_is_refused(engine: Calls, table: str, expression: str) -> None:
    old = {**KEY, "x": S("1")}
    engine.put(table, old)
    message = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression=expression,
        ExpressionAttributeValues=placeholders(v=N(1)),
    )  # fmt: skip
    assert message is not None
    assert message.endswith("The document path provided in the update expression is invalid for update")
    assert engine.get(table, **KEY) == old


def test_an_operand_of_a_wrong_stored_type_is_refused(engine: Calls, table: str) -> None:
    engine.put(table, {**KEY, "x": S("1")})
    message = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET x = x + :v",
        ExpressionAttributeValues=placeholders(v=N(1)),
    )  # fmt: skip
    assert message is not None
    assert message.endswith("An operand in the update expression has an incorrect data type")


@pytest.mark.parametrize("expression", ["SET pk = :v", "REMOVE pk", "ADD pk :v", "SET sk = :v", "SET pk.a = :v"])
def test_a_key_attribute_cannot_be_updated(engine: Calls, table: str, expression: str) -> None:
    values = {} if expression == "REMOVE pk" else {"ExpressionAttributeValues": placeholders(v=N(1))}
    message = engine.invalid("UpdateItem", TableName=table, Key=KEY, UpdateExpression=expression, **values)
    name = "sk" if "sk" in expression else "pk"
    assert message == (
        f"One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key"
    )


@pytest.mark.parametrize("expression", ["SET x = pk.a", "SET x = if_not_exists(y, pk[0])", "SET x = :v + pk.a"])
def test_an_update_may_not_read_below_a_key_attribute(engine: Calls, table: str, expression: str) -> None:
    values = {"ExpressionAttributeValues": placeholders(v=N(1))} if ":v" in expression else {}
    message = engine.invalid("UpdateItem", TableName=table, Key=KEY, UpdateExpression=expression, **values)
    assert message == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk"
    )


def test_an_update_may_not_write_below_an_index_key(engine: Calls) -> None:
    table = engine.create(tables.table("indexed", sort="N", local=[tables.local_index("by-l", "l")]))
    message = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET l.a = :v",
        ExpressionAttributeValues=placeholders(v=N(1)),
    )  # fmt: skip
    assert message == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: l"
    )


# --- conditions ----------------------------------------------------------------------------------------------------


def test_a_failed_condition_on_a_missing_item_creates_nothing(engine: Calls, table: str) -> None:
    refusal = engine.refusal(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET x = :v",
        ConditionExpression="attribute_exists(pk)", ExpressionAttributeValues=placeholders(v=N(1)),
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )  # fmt: skip
    assert refusal == Refusal("ConditionalCheckFailedException", "The conditional request failed")
    assert engine.get(table, **KEY) is None


def test_attribute_not_exists_upserts(engine: Calls, table: str) -> None:
    members = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ExpressionAttributeValues": placeholders(v=N(1)),
    }
    assert update(engine, table, "SET x = :v", **members) == {}
    refusal = engine.refusal("UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET x = :v", **members)
    assert refusal.code == "ConditionalCheckFailedException"


def test_a_condition_alone_is_checked(engine: Calls, table: str) -> None:
    refusal = engine.refusal("UpdateItem", TableName=table, Key=KEY, ConditionExpression="attribute_exists(pk)")
    assert refusal.code == "ConditionalCheckFailedException"
    assert engine.get(table, **KEY) is None


# --- ReturnValues --------------------------------------------------------------------------------------------------

OLD = {**KEY, "x": N(1), "y": N(2), "m": M(a=N(1), b=N(2))}


@pytest.mark.parametrize(
    ("mode", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", OLD),
        ("ALL_NEW", {**KEY, "x": N(9), "m": M(a=N(9), b=N(2)), "fresh": N(9)}),
        ("UPDATED_OLD", {"x": N(1), "y": N(2), "m": M(a=N(1))}),
        ("UPDATED_NEW", {"x": N(9), "m": M(a=N(9)), "fresh": N(9)}),
    ],
)
def test_return_values_of_an_update(engine: Calls, table: str, mode: str, attributes: Item | None) -> None:
    engine.put(table, OLD)
    answer = update(
        engine, table, "SET x = :v, m.a = :v, fresh = :v REMOVE y",
        ExpressionAttributeValues=placeholders(v=N(9)), ReturnValues=mode,
    )  # fmt: skip
    assert answer == ({} if attributes is None else {"Attributes": attributes})


@pytest.mark.parametrize(
    ("mode", "attributes"),
    [("ALL_OLD", None), ("ALL_NEW", {**KEY, "x": N(9)}), ("UPDATED_OLD", None), ("UPDATED_NEW", {"x": N(9)})],
)
def test_return_values_of_a_creation(engine: Calls, table: str, mode: str, attributes: Item | None) -> None:
    answer = update(engine, table, "SET x = :v", ExpressionAttributeValues=placeholders(v=N(9)), ReturnValues=mode)
    assert answer == ({} if attributes is None else {"Attributes": attributes})


def test_updated_new_after_a_pure_remove_has_no_attributes(engine: Calls, table: str) -> None:
    engine.put(table, OLD)
    assert update(engine, table, "REMOVE x", ReturnValues="UPDATED_NEW") == {}


@pytest.mark.parametrize(
    ("mode", "attributes"),
    [("ALL_OLD", None), ("ALL_NEW", KEY), ("UPDATED_OLD", None), ("UPDATED_NEW", None), ("NONE", None)],
)
def test_return_values_of_a_key_alone(engine: Calls, table: str, mode: str, attributes: Item | None) -> None:
    answer = update(engine, table, ReturnValues=mode)
    assert answer == ({} if attributes is None else {"Attributes": attributes})


# --- legacy --------------------------------------------------------------------------------------------------------


def test_attribute_updates_put_add_and_delete(engine: Calls, table: str) -> None:
    engine.put(table, {**KEY, "gone": S("1"), "n": N(1), "s": SS("a", "b"), "l": L(N(1))})
    answer = update(
        engine, table,
        AttributeUpdates={
            "p": {"Value": S("new")}, "gone": {"Action": "DELETE"}, "n": {"Action": "ADD", "Value": N(2)},
            "s": {"Action": "DELETE", "Value": SS("a")}, "l": {"Action": "ADD", "Value": L(N(2))},
        },
        ReturnValues="ALL_NEW",
    )  # fmt: skip
    assert answer["Attributes"] == {**KEY, "n": N(3), "s": SS("b"), "l": L(N(1), N(2)), "p": S("new")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Action": "PUT"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "DELETE", "Value": S("x")}, "DELETE action with value is not supported for the type S"),
        ({"Action": "ADD", "Value": S("x")}, "ADD action is not supported for the type S"),
    ],
)
def test_malformed_attribute_updates(engine: Calls, table: str, change: Item, message: str) -> None:
    answer = engine.invalid("UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"x": change})
    assert answer is not None
    assert answer.endswith(f"One or more parameter values were invalid: {message}")


def test_attribute_updates_against_another_stored_type(engine: Calls, table: str) -> None:
    engine.put(table, {**KEY, "x": S("1")})
    answer = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"x": {"Action": "ADD", "Value": N(1)}}
    )
    assert answer is not None
    assert answer.endswith("Type mismatch for attribute to update")


def test_attribute_updates_of_a_key_attribute_are_refused(engine: Calls, table: str) -> None:
    answer = engine.invalid("UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"pk": {"Value": S("x")}})
    assert answer == (
        "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
    )


def test_legacy_and_expressions_do_not_mix(engine: Calls, table: str) -> None:
    answer = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY,
        AttributeUpdates={"x": {"Value": S("x")}}, Expected={"x": {"Exists": False}},
        UpdateExpression="REMOVE x", ConditionExpression="attribute_exists(x)",
    )  # fmt: skip
    assert answer == (
        ENVELOPE + "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributeUpdates, Expected} "
        "Expression parameters: {UpdateExpression, ConditionExpression}"
    )


# --- the size gate -------------------------------------------------------------------------------------------------


def test_a_finished_item_of_409600_bytes_is_accepted_and_one_more_refused(engine: Calls, table: str) -> None:
    # pk 2 + 1, sk 2 + 2, x 1, y 1: 9 bytes besides the two values.
    engine.put(table, {**KEY, "x": S("x" * 200_000)})
    room = 409_600 - 9 - 200_000
    update(engine, table, "SET y = :v", ExpressionAttributeValues=placeholders(v=S("y" * room)))
    answer = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET y = :v",
        ExpressionAttributeValues=placeholders(v=S("y" * (room + 1))),
    )  # fmt: skip
    assert answer is not None
    assert answer.endswith(TOO_LARGE)


def test_the_charge_of_the_statement_is_limited_too_and_before_the_condition(engine: Calls, table: str) -> None:
    # 3 + 19 + the target's 1 + the value's size reach 409,600.
    fitting = 409_600 - 23
    answer = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET x = :v",
        ConditionExpression="attribute_exists(pk)", ExpressionAttributeValues=placeholders(v=S("x" * (fitting + 1))),
    )  # fmt: skip
    assert answer is not None
    assert answer.endswith(TOO_LARGE)
    refusal = engine.refusal(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET x = :v",
        ConditionExpression="attribute_exists(pk)", ExpressionAttributeValues=placeholders(v=S("x" * fitting)),
    )  # fmt: skip
    assert refusal.code == "ConditionalCheckFailedException"


def test_attribute_updates_are_limited_by_the_finished_item_only(engine: Calls, table: str) -> None:
    room = 409_600 - 8
    update(engine, table, AttributeUpdates={"x": {"Value": S("x" * room)}})
    answer = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, AttributeUpdates={"x": {"Value": S("x" * (room + 1))}}
    )
    assert answer is not None
    assert answer.endswith(TOO_LARGE)


def test_an_update_that_would_nest_too_deep_is_refused(engine: Calls, table: str) -> None:
    deep: Value = N(1)
    for _ in range(31):
        deep = M(d=deep)
    engine.put(table, {**KEY, "m": deep})
    message = engine.invalid(
        "UpdateItem", TableName=table, Key=KEY, UpdateExpression="SET m.d.x = :v",
        ExpressionAttributeValues=placeholders(v=deep),
    )  # fmt: skip
    assert message is not None
    assert message.endswith(
        "Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit"
    )
    assert engine.get(table, **KEY) == {**KEY, "m": deep}


# --- index keys ----------------------------------------------------------------------------------------------------


@pytest.fixture
def indexed(engine: Calls) -> str:
    return engine.create(tables.table("indexed", sort="N", global_=[tables.global_index("by-g", "g", "h:N")]))


def test_an_index_key_set_to_a_literal_of_another_type_is_named(engine: Calls, indexed: str) -> None:
    message = engine.invalid(
        "UpdateItem", TableName=indexed, Key=KEY, UpdateExpression="SET g = :v",
        ExpressionAttributeValues=placeholders(v=N(1)),
    )  # fmt: skip
    assert message == (
        "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"
    )


def test_an_index_key_computed_to_another_type_has_its_own_sentence(engine: Calls, indexed: str) -> None:
    engine.put(indexed, {**KEY, "x": N(1)})
    message = engine.invalid("UpdateItem", TableName=indexed, Key=KEY, UpdateExpression="SET g = x")
    assert message == "The update expression attempted to update the secondary index key to unsupported type"


def test_an_index_key_set_to_an_empty_string_is_refused(engine: Calls, indexed: str) -> None:
    message = engine.invalid(
        "UpdateItem", TableName=indexed, Key=KEY, UpdateExpression="SET g = :v",
        ExpressionAttributeValues=placeholders(v=S("")),
    )  # fmt: skip
    assert message == (
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
        "to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
    )
    assert engine.get(indexed, **KEY) is None


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [{"pk": S("a")}, {**KEY, "x": S("1")}, {"pk": N(1), "sk": N(1)}])
def test_a_key_that_does_not_fit_the_schema_is_refused_bare(engine: Calls, table: str, key: Item) -> None:
    message = engine.invalid("UpdateItem", TableName=table, Key=key, UpdateExpression="REMOVE x")
    assert message == "The provided key element does not match the schema"


def test_update_expression_errors_are_enveloped(engine: Calls, table: str) -> None:
    message = engine.invalid("UpdateItem", TableName=table, Key=KEY, UpdateExpression="REMOVE a, a")
    assert message == (
        ENVELOPE + "Invalid UpdateExpression: Two document paths overlap with each other; "
        "must remove or rewrite one of these paths; path one: [a], path two: [a]"
    )


def test_a_missing_table_is_not_found(engine: Calls) -> None:
    refusal = engine.refusal("UpdateItem", TableName="missing", Key=KEY, UpdateExpression="REMOVE x")
    assert refusal == Refusal("ResourceNotFoundException", "Requested resource not found")


def test_an_empty_index_key_in_attribute_updates_is_refused_as_in_an_item(engine: Calls) -> None:
    table = engine.create(tables.table("by-tenant", global_=[tables.global_index("schema", "tenant")]))
    message = engine.invalid(
        "UpdateItem", TableName=table, Key={"pk": S("a")}, AttributeUpdates={"tenant": {"Value": S("")}}
    )
    assert message == (
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        "The AttributeValue for a key attribute cannot contain an empty string value. "
        "IndexName: schema, IndexKey: tenant"
    )
