"""INSERT, UPDATE and DELETE statements by themselves: FACTS 5.14, 2.7, 6."""

from __future__ import annotations

from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls, Refusal
from tests.wire import NS, SS, Item, N, S

KEY = {"pk": S("a"), "sk": N(1)}
WHERE = "WHERE pk = 'a' AND sk = 1"


@pytest.fixture
def music(engine: Calls) -> str:
    name = engine.create(tables.table("music", sort="N", global_=[tables.global_index("gsi", "g")]))
    engine.put(name, item())
    return name


def item(**changed: Any) -> Item:
    whole = {
        **KEY,
        "n": N(10),
        "tags": SS("r", "s"),
        "m": {"M": {"x": N(1), "y": {"L": [S("p"), S("q")]}}},
        "l": {"L": [N(0), N(1), N(2)]},
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


def run(engine: Calls, statement: str, *parameters: Any, **members: Any) -> list[Item]:
    if parameters:
        members["Parameters"] = list(parameters)
    items: list[Item] = engine.call("ExecuteStatement", Statement=statement, **members)["Items"]
    return items


# --- INSERT ----------------------------------------------------------------------------------------------------------


def test_an_insert_stores_literals_of_every_type(engine: Calls, music: str) -> None:
    statement = (
        "INSERT INTO music VALUE {'pk': 'b', 'sk': -1.50e1, 's': 'it''s', 'n': .5, 't': true, 'z': null, "
        "'l': [1, ['x'], {'a': {}}], 'm': {'a': [], 'b': ''}, 'ss': <<'b', 'a'>>, 'ns': <<2, 1e1>>, 'p': (1, 2)}"
    )
    assert run(engine, statement) == []
    assert engine.get(music, pk=S("b"), sk=N(-15)) == {
        "pk": S("b"),
        "sk": N(-15),
        "s": S("it's"),
        "n": {"N": "0.5"},
        "t": {"BOOL": True},
        "z": {"NULL": True},
        "l": {"L": [N(1), {"L": [S("x")]}, {"M": {"a": {"M": {}}}}]},
        "m": {"M": {"a": {"L": []}, "b": S("")}},
        "ss": SS("a", "b"),
        "ns": NS(2, 10),
        "p": {"L": [N(1), N(2)]},
    }


def test_an_insert_takes_parameters_of_types_that_have_no_literal(engine: Calls, music: str) -> None:
    values = [S("b"), {"B": "AAEC"}, {"BS": ["AAE=", "AA=="]}]
    run(engine, "INSERT INTO music VALUE {'pk': ?, 'sk': 1, 'b': ?, 'bs': ?}", *values)
    assert engine.get(music, pk=S("b"), sk=N(1)) == {
        "pk": S("b"),
        "sk": N(1),
        "b": {"B": "AAEC"},
        "bs": {"BS": ["AA==", "AAE="]},
    }


def test_an_insert_over_an_item_is_refused_and_changes_nothing(engine: Calls, music: str) -> None:
    statement = "INSERT INTO music VALUE {'pk': 'a', 'sk': 1}"
    assert engine.refusal("ExecuteStatement", Statement=statement) == Refusal(
        "DuplicateItemException", "Duplicate primary key exists in table"
    )
    assert engine.get(music, **KEY) == item()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{'pk': 'b'}", "Key attribute should be present in the item: Key sk"),
        ("{'pk': 1, 'sk': 1}", "Key attribute's data type should match its data type in table's schema: Key pk"),
        (
            "{'pk': '', 'sk': 1}",
            "One or more parameter values are not valid. "
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        (
            "{'pk': 'b', 'sk': 1, 'g': 1}",
            "One or more parameter values were invalid: "
            "Type mismatch for Index Key g Expected: S Actual: N IndexName: gsi",
        ),
    ],
)
def test_an_item_that_cannot_be_stored_is_not_inserted(engine: Calls, music: str, value: str, message: str) -> None:
    assert engine.invalid("ExecuteStatement", Statement=f"INSERT INTO music VALUE {value}") == message


def test_an_insert_stops_at_400_kilobytes(engine: Calls, music: str) -> None:
    statement = "INSERT INTO music VALUE {'pk': ?, 'sk': 1, 'x': ?}"
    room = 409_600 - len("pkbskx") - 2
    run(engine, statement, S("b"), S("x" * room))
    refused = engine.invalid("ExecuteStatement", Statement=statement, Parameters=[S("c"), S("x" * (room + 1))])
    assert refused == "Item size has exceeded the maximum allowed size"


# --- UPDATE ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clauses", "changed"),
    [
        ("SET x = 1", {"x": N(1)}),
        ("SET x = n, n = 2", {"x": N(10), "n": N(2)}),
        ("SET n = n + 1 SET x = 'q' REMOVE tags", {"n": N(11), "x": S("q"), "tags": None}),
        ("REMOVE tags SET n = 5 - n", {"n": N(-5), "tags": None}),
        ("REMOVE m.y REMOVE nope", {"m": {"M": {"x": N(1)}}}),
        ("SET m['x'] = 2, m.y[9] = 'r'", {"m": {"M": {"x": N(2), "y": {"L": [S("p"), S("q"), S("r")]}}}}),
        ("SET l = list_append(l, [3])", {"l": {"L": [N(0), N(1), N(2), N(3)]}}),
        ("SET x = if_not_exists(x, 7) + 1", {"x": N(8)}),
        ("SET tags = set_add(tags, <<'s', 't'>>)", {"tags": SS("r", "s", "t")}),
        ("SET x = SET_ADD(x, <<1>>)", {"x": NS(1)}),
        ("SET tags = set_delete(tags, <<'r'>>)", {"tags": SS("s")}),
        ("SET tags = set_delete(tags, <<'r', 's'>>)", {"tags": None}),
        ("SET x = set_delete(x, <<'r'>>)", {}),
        ("SET x = {'a': [1]}", {"x": {"M": {"a": {"L": [N(1)]}}}}),
    ],
)
def test_an_update_changes_an_item(engine: Calls, music: str, clauses: str, changed: Item) -> None:
    assert run(engine, f"UPDATE music {clauses} {WHERE}") == []
    assert engine.get(music, **KEY) == item(**changed)


def test_an_update_may_start_with_from(engine: Calls, music: str) -> None:
    changed = item(n=N(9), tags=None)
    assert run(engine, f"FROM music {WHERE} SET n = 9 REMOVE tags RETURNING ALL NEW *") == [changed]
    assert engine.get(music, **KEY) == changed


def test_an_update_takes_parameters(engine: Calls, music: str) -> None:
    statement = "UPDATE music SET n = n + ?, tags = set_add(tags, ?) WHERE pk = ? AND sk = ? AND n IN [?]"
    run(engine, statement, N(5), SS("t"), S("a"), N(1), N(10))
    assert engine.get(music, **KEY) == item(n=N(15), tags=SS("r", "s", "t"))
    refused = engine.invalid("ExecuteStatement", Statement=statement, Parameters=[N(5), S("t"), S("a"), N(1), N(10)])
    assert refused == "The second argument to SET_ADD must be a value with type SET at 1:44:4"


@pytest.mark.parametrize(
    "where",
    [
        "pk = 'zz' AND sk = 1",
        "pk = 'zz' AND sk = 1 AND attribute_not_exists(pk)",
        "pk = 'a' AND sk = 1 AND n = 11",
        "pk = 'a' AND sk = 1 AND NOT (n = 10 OR n = 12)",
    ],
)
def test_an_update_never_makes_an_item(engine: Calls, music: str, where: str) -> None:
    refused = engine.refusal("ExecuteStatement", Statement=f"UPDATE music SET x = 1 WHERE {where}")
    assert refused == Refusal("ConditionalCheckFailedException", "The conditional request failed")
    assert engine.items("Scan", TableName=music) == [item()]


NOT_PINNED = "Where clause does not contain a mandatory equality on all key attributes"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", NOT_PINNED),
        ("WHERE pk = 'a'", NOT_PINNED),
        ("WHERE pk = 'a' AND sk > 1", NOT_PINNED),
        ("WHERE pk = 'a' AND sk IN [1]", NOT_PINNED),
        ("WHERE pk = 'a' AND (sk = 1 OR sk = 2)", NOT_PINNED),
        ("WHERE NOT (pk = 'a') AND sk = 1", NOT_PINNED),
        (
            "WHERE pk = 'a' AND sk = 1 AND sk = 2",
            "Multiple conditions on same key sk. Only single item Update/Insert/Delete are supported",
        ),
        (
            "WHERE pk = 'a' AND sk = '1'",
            "Key attribute's data type should match its data type in table's schema: Key sk",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE music SET x = 1", "DELETE FROM music"])
def test_a_write_must_pin_the_whole_key(engine: Calls, music: str, verb: str, where: str, message: str) -> None:
    assert engine.invalid("ExecuteStatement", Statement=f"{verb} {where}") == message


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "pk = 'z'",
            "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
        ),
        ("x[0] = 1", "The document path provided in the update expression is invalid for update"),
        ("n = set_add(n, <<1>>)", "An operand in the update expression has an incorrect data type"),
        ("tags = set_add(tags, <<1>>)", "An operand in the update expression has an incorrect data type"),
        ("n = n + pk", "An operand in the update expression has an incorrect data type"),
        (
            "x = n - 'a'",
            "Incorrect operand type for operator or function; operator or function: -, operand type: S",
        ),
        (
            "x = 1, x.y = 2",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [x, y], path two: [x]",
        ),
        ("x = nope", "The provided expression refers to an attribute that does not exist in the item"),
    ],
)
def test_an_update_that_cannot_be_done_is_refused(engine: Calls, music: str, assignment: str, message: str) -> None:
    assert engine.invalid("ExecuteStatement", Statement=f"UPDATE music SET {assignment} {WHERE}") == message
    assert engine.get(music, **KEY) == item()


def test_an_update_is_measured_by_the_finished_item_alone(engine: Calls, music: str) -> None:
    half = S("x" * 204_000)
    engine.put(music, {**KEY, "big": half})
    run(engine, f"UPDATE music SET big = ? {WHERE}", S("x" * 409_000))
    refused = engine.invalid(
        "ExecuteStatement", Statement=f"UPDATE music SET more = ? {WHERE}", Parameters=[S("x" * 1000)]
    )
    assert refused == "Item size to update has exceeded the maximum allowed size"


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SET x = 1 {} RETURNING ALL OLD *", item()),
        ("SET x = 1 {} RETURNING ALL NEW *", item(x=N(1))),
        ("SET n = 1, x = 2 {} RETURNING MODIFIED OLD *", {"n": N(10)}),
        ("SET n = 1, x = 2 {} RETURNING modified new *", {"n": N(1), "x": N(2)}),
        ("SET m.x = 2 {} RETURNING MODIFIED NEW *", {"m": {"M": {"x": N(2)}}}),
        ("SET m.y[1] = 'z', m.x = 3 {} RETURNING MODIFIED OLD *", {"m": {"M": {"x": N(1), "y": {"L": [S("q")]}}}}),
        ("SET l[2] = 9, l[0] = 7 {} RETURNING MODIFIED NEW *", {"l": {"L": [N(7), N(9)]}}),
        ("SET l[9] = 9 {} RETURNING MODIFIED NEW *", None),
        ("SET x = 1 {} RETURNING MODIFIED OLD *", None),
        ("REMOVE n {} RETURNING MODIFIED NEW *", None),
        ("REMOVE l[0] {} RETURNING MODIFIED NEW *", {"l": {"L": [N(1)]}}),
        ("SET tags = set_delete(tags, <<'r', 's'>>) {} RETURNING MODIFIED NEW *", None),
    ],
)
def test_returning_shows_the_item_or_what_was_modified(
    engine: Calls, music: str, statement: str, shown: Item | None
) -> None:
    assert run(engine, f"UPDATE music {statement.format(WHERE)}") == ([] if shown is None else [shown])


# --- DELETE ----------------------------------------------------------------------------------------------------------


def test_a_delete_removes_an_item_and_may_show_it(engine: Calls, music: str) -> None:
    assert run(engine, f"DELETE FROM music {WHERE} AND n = 10 RETURNING ALL OLD *") == [item()]
    assert engine.get(music, **KEY) is None
    assert run(engine, f"DELETE FROM music {WHERE} RETURNING ALL OLD *") == []


def test_a_delete_of_nothing_succeeds_whatever_else_is_asked(engine: Calls, music: str) -> None:
    assert run(engine, "DELETE FROM music WHERE pk = 'zz' AND sk = 1 AND attribute_exists(n)") == []


def test_a_delete_whose_further_predicate_is_false_fails(engine: Calls, music: str) -> None:
    refused = engine.refusal("ExecuteStatement", Statement=f"DELETE FROM music {WHERE} AND n = 11")
    assert refused == Refusal("ConditionalCheckFailedException", "The conditional request failed")


@pytest.mark.parametrize(
    "statement",
    [f"UPDATE music SET x = 1 {WHERE} AND n = 0", f"DELETE FROM music {WHERE} AND n = 0"],
)
def test_the_item_is_told_with_the_failure_if_asked(engine: Calls, music: str, statement: str) -> None:
    refused = engine.refusal("ExecuteStatement", Statement=statement, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert refused.members == {"Item": item()}


@pytest.mark.parametrize(
    ("statement", "units"),
    [
        ("INSERT INTO music VALUE {'pk': 'b', 'sk': 1, 'g': 'x'}", 2.0),
        (f"UPDATE music SET g = 'x' {WHERE}", 2.0),
        (f"UPDATE music SET n = 10 {WHERE}", 1.0),
        (f"DELETE FROM music {WHERE}", 1.0),
    ],
)
def test_writes_are_charged_as_the_operations_they_amount_to(
    engine: Calls, music: str, statement: str, units: float
) -> None:
    answer = engine.call("ExecuteStatement", Statement=statement, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": music, "CapacityUnits": units}


def test_exists_is_for_transactions(engine: Calls, music: str) -> None:
    refused = engine.invalid("ExecuteStatement", Statement=f"EXISTS(SELECT * FROM music {WHERE})")
    assert refused == "EXISTS can only be used in ExecuteTransaction write requests."
