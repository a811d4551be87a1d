"""SELECT statements: FACTS 5.14, 6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import tables
from tests.engine.calls import Calls
from tests.wire import Item, N, S


def row(pk: str, sk: int, **attributes: Any) -> Item:
    return {"pk": S(pk), "sk": N(sk), **attributes}


@pytest.fixture
def table(engine: Calls) -> str:
    """Partitions a (sk 1 to 5) and b (sk 1, 2); n is 10 sk, g is x in partition a."""
    name = engine.create(
        tables.table(
            "music",
            sort="N",
            local=[tables.local_index("lsi", "l:N", tables.KEYS_ONLY)],
            global_=[tables.global_index("gsi", "g", "h:N", tables.including("n"))],
        )
    )
    for sk in range(1, 6):
        engine.put(
            name,
            row("a", sk, n=N(10 * sk), g=S("x"), h=N(sk), l=N(-sk), m={"M": {"x": N(sk), "y": {"L": [N(1), N(2)]}}}),
        )
    engine.put(name, row("b", 1, n=N(7)), row("b", 2, z={"NULL": True}))
    return name


def select(engine: Calls, statement: str, *parameters: Any, **members: Any) -> list[Item]:
    if parameters:
        members["Parameters"] = list(parameters)
    items: list[Item] = engine.call("ExecuteStatement", Statement=statement, **members)["Items"]
    return items


def keys(items: list[Item]) -> list[str]:
    return [item["pk"]["S"] + item["sk"]["N"] for item in items]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("pk = 'a' AND sk = 3", ["a3"]),
        ("pk = 'a' AND sk = 9", []),
        ("pk = 'a' AND sk > 3", ["a4", "a5"]),
        ("pk = 'a' AND 3 <= sk", ["a3", "a4", "a5"]),
        ("pk = 'a' AND sk > 1 AND sk < 4", ["a2", "a3"]),
        ("pk = 'a' AND sk > 4 AND sk < 2", []),
        ("pk = 'a' AND sk BETWEEN 2 AND 3", ["a2", "a3"]),
        ("pk = 'a' AND NOT sk = 3", ["a1", "a2", "a4", "a5"]),
        ("pk = 'a' AND sk <> 3", ["a1", "a2", "a4", "a5"]),
        ("pk = 'a' AND sk IN [5, 1, 5]", ["a1", "a5"]),
        ("pk = 'a' AND (sk = 4 OR sk = 2)", ["a2", "a4"]),
        ("pk = 'a' AND (sk < 2 OR sk > 4)", ["a1", "a5"]),
        ("pk = 'a' AND (sk <> 3 OR sk = 3)", ["a1", "a2", "a3", "a4", "a5"]),
        ("pk = 'a' AND sk = 1 AND (n = 10 OR n = 20)", ["a1"]),
        ("pk = 'a' AND (n = 10 OR n = 50)", ["a1", "a5"]),
        ("pk IN ['b', 'a'] AND sk = 1", ["b1", "a1"]),
        ("pk = 'b' OR pk = 'a' AND sk = 1", ["b1", "b2", "a1"]),
        ("(pk = 'a' AND sk = 1) OR (pk = 'b' AND sk = 2)", ["a1", "b2"]),
        ("pk = 'a' AND pk = 'b'", []),
        ("pk = 'a' AND sk.x = 1", None),
        ("z IS NULL", ["b2"]),
        ("pk = 'b' AND n IS MISSING", ["b2"]),
        ("pk = 'b' AND n IS NOT MISSING", ["b1"]),
        ("pk = 'b' AND n IS NUMERIC", ["b1"]),
        ("pk = 'a' AND m.x = 2", ["a2"]),
        ("pk = 'a' AND m.y[1] = 2 AND m.x IN [1, 4]", ["a1", "a4"]),
        ("n = 7", ["b1"]),
        ("pk = 'a' AND attribute_exists(m.x) = false", []),
        ("pk = 'b' AND attribute_exists(n) <> true", ["b2"]),
        ("pk = 'b' AND SIZE(n) = 1", []),
        ("pk = 'b' AND Attribute_Type(z, 'NULL')", ["b2"]),
        ("m = {'y': [1, 2], 'x': 3}", ["a3"]),
        ("m <> {'y': [1, 2], 'x': 3} AND pk = 'a' AND sk IN [3, 4]", ["a4"]),
        ("sk > 'x'", []),
    ],
)
def test_a_where_clause_selects_rows(engine: Calls, table: str, where: str, expected: list[str] | None) -> None:
    statement = f'SELECT * FROM "{table}" WHERE {where}'
    if expected is None:
        assert "Key attributes must be scalars" in str(engine.invalid("ExecuteStatement", Statement=statement))
    else:
        assert keys(select(engine, statement)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("pk", {"pk": S("a")}),
        ("m.x", {"x": N(1)}),
        ("m.y[1], n", {"y[1]": N(2), "n": N(10)}),
        ("m['x'], nope", {"x": N(1)}),
        ("m.nope", {}),
        ('"m"."y"', {"y": {"L": [N(1), N(2)]}}),
    ],
)
def test_a_column_is_named_after_the_last_step_of_its_path(
    engine: Calls, table: str, columns: str, expected: Item
) -> None:
    assert select(engine, f"SELECT {columns} FROM {table} WHERE pk = 'a' AND sk = 1") == [expected]


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("pk = 'b' ORDER BY sk", ["b1", "b2"]),
        ("pk = 'b' ORDER BY sk ASC", ["b1", "b2"]),
        ("pk = 'b' ORDER BY sk DESC", ["b2", "b1"]),
        ("pk IN ['b', 'a'] AND sk < 3 ORDER BY pk", ["a1", "a2", "b1", "b2"]),
        ("pk IN ['a', 'b'] AND sk < 3 ORDER BY pk DESC, sk", ["b1", "b2", "a1", "a2"]),
        ("pk IN ['a', 'b'] AND sk < 3 ORDER BY pk, sk DESC", ["a2", "a1", "b2", "b1"]),
        ("pk = 'a' AND sk IN [1, 3] ORDER BY sk DESC", ["a3", "a1"]),
    ],
)
def test_order_by_orders_partitions_and_the_rows_in_them(
    engine: Calls, table: str, clauses: str, expected: list[str]
) -> None:
    assert keys(select(engine, f"SELECT * FROM {table} WHERE {clauses}")) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            "pk = 'a' AND (sk > 1 OR sk < 4)",
            "Overlapping conditions with range keys are not supported in where clause",
        ),
        ("pk = 'a' AND (sk > 1 OR n = 4)", "Overlapping conditions with range keys are not supported in where clause"),
        ("pk = 1", "Key attribute's data type should match its data type in table's schema: Key pk"),
        ("pk = 'a' AND sk > 'x'", "Key attribute's data type should match its data type in table's schema: Key sk"),
        ("pk IN ['a'] ORDER BY n", "Variable reference n in ORDER BY clause must be part of the primary key"),
        (
            "n = 1 ORDER BY sk",
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ),
        (
            "pk = ''",
            "One or more parameter values are not valid. "
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        (
            "n < true",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "attribute_exists('n')",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_exists(n, m)",
            "Incorrect number of operands for operator or function; "
            "operator or function: attribute_exists, number of operands: 2",
        ),
    ],
)
def test_a_where_clause_that_no_read_can_be_made_of_is_refused(
    engine: Calls, table: str, where: str, message: str
) -> None:
    assert engine.invalid("ExecuteStatement", Statement=f"SELECT * FROM {table} WHERE {where}") == message


def test_operand_types_and_columns_are_looked_at_before_the_table(engine: Calls) -> None:
    missing = engine.refusal("ExecuteStatement", Statement="SELECT * FROM nowhere WHERE a < 1")
    assert (missing.code, missing.message) == ("ResourceNotFoundException", "Requested resource not found")
    assert "operand type: BOOL" in str(
        engine.invalid("ExecuteStatement", Statement="SELECT * FROM nowhere WHERE a < true")
    )
    assert "Unexpected path component" in str(
        engine.invalid("ExecuteStatement", Statement="SELECT COUNT(*) FROM nowhere")
    )


# --- parameters ------------------------------------------------------------------------------------------------------


def test_parameters_stand_for_values_in_the_order_of_the_text(engine: Calls, table: str) -> None:
    statement = f"SELECT * FROM {table} WHERE sk BETWEEN ? AND ? AND pk IN [?, ?] AND attribute_exists(n) = ?"
    assert keys(select(engine, statement, N(1), N(1), S("b"), S("a"), {"BOOL": True})) == ["b1", "a1"]


def test_too_few_parameters_are_refused(engine: Calls, table: str) -> None:
    statement = f"SELECT * FROM {table} WHERE pk = ? AND sk = ?"
    message = "Number of parameters in request and statement don't match."
    assert engine.invalid("ExecuteStatement", Statement=statement, Parameters=[S("a")]) == message


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("1e99999999999", "The parameter cannot be converted to a numeric value: 1e99999999999"),
        ("1e2147483647", "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
    ],
)
def test_a_number_that_is_a_parameter_is_worded_by_the_older_layer(
    engine: Calls, table: str, number: str, message: str
) -> None:
    statement = f"SELECT * FROM {table} WHERE n = ?"
    assert engine.invalid("ExecuteStatement", Statement=statement, Parameters=[{"N": number}]) == message


# --- pages -----------------------------------------------------------------------------------------------------------


def pages(engine: Calls, statement: str, **members: Any) -> Iterator[dict[str, Any]]:
    while True:
        page = engine.call("ExecuteStatement", Statement=statement, **members)
        yield page
        if "NextToken" not in page:
            return
        members["NextToken"] = page["NextToken"]


@pytest.mark.parametrize(
    "clauses",
    [
        "",
        " WHERE pk = 'a'",
        " WHERE pk = 'a' ORDER BY sk DESC",
        " WHERE pk IN ['b', 'a']",
        " WHERE pk IN ['b', 'a'] ORDER BY pk DESC, sk DESC",
        " WHERE pk IN ['a', 'b'] AND sk IN [1, 2, 4]",
        " WHERE pk = 'a' AND (sk < 2 OR sk > 3)",
        " WHERE n > 10",
        " WHERE pk = 'a' AND \"n\" <> 20",
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_any_size_hold_the_same_rows_in_the_same_order(
    engine: Calls, table: str, clauses: str, limit: int
) -> None:
    statement = f"SELECT * FROM {table}{clauses}"
    paged = [page["Items"] for page in pages(engine, statement, Limit=limit)]
    assert [item for items in paged for item in items] == select(engine, statement)
    assert all(len(items) <= limit for items in paged)


def test_a_page_ends_at_one_megabyte(engine: Calls, table: str) -> None:
    engine.put(table, *(row("big", sk, blob=S("x" * 300_000)) for sk in range(8)))
    statement = f"SELECT sk FROM {table} WHERE pk = 'big'"
    assert [len(page["Items"]) for page in pages(engine, statement)] == [4, 4, 0]


def test_limit_counts_rows_read(engine: Calls, table: str) -> None:
    first = engine.call("ExecuteStatement", Statement=f"SELECT * FROM {table} WHERE pk = 'a' AND n = 50", Limit=3)
    assert first["Items"] == []
    assert first["LastEvaluatedKey"] == row("a", 3)


def test_a_next_token_goes_with_its_statement_and_parameters(engine: Calls, table: str) -> None:
    statement = f"SELECT * FROM {table} WHERE pk = ?"
    token = engine.call("ExecuteStatement", Statement=statement, Parameters=[S("a")], Limit=1)["NextToken"]
    for other in ({"Statement": statement, "Parameters": [S("b")]}, {"Statement": f"SELECT * FROM {table}"}):
        assert engine.invalid("ExecuteStatement", NextToken=token, **other) == "NextToken does not match request"


@pytest.mark.parametrize("token", ["x", "not base64!", "AAAA", "é"])
def test_a_next_token_that_cannot_be_read_is_refused(engine: Calls, table: str, token: str) -> None:
    assert (
        engine.invalid("ExecuteStatement", Statement=f"SELECT * FROM {table}", NextToken=token) == "Invalid NextToken"
    )


# --- indexes ---------------------------------------------------------------------------------------------------------


def test_an_index_is_read_by_its_own_key_and_shows_its_own_projection(engine: Calls, table: str) -> None:
    items = select(engine, f'SELECT * FROM "{table}"."gsi" WHERE g = \'x\' AND h > 3 ORDER BY h DESC')
    assert items == [row("a", sk, n=N(10 * sk), g=S("x"), h=N(sk)) for sk in (5, 4)]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ('SELECT * FROM "{}"."nope"', "The table does not have the specified index"),
        (
            'SELECT z, g, m.x FROM "{}"."gsi" WHERE g = \'x\'',
            "One or more parameter values were invalid: Global secondary index gsi does not project [z, m]",
        ),
        (
            'SELECT m FROM "{}"."gsi"',
            "One or more parameter values were invalid: Global secondary index gsi does not project [m]",
        ),
        (
            'SELECT * FROM "{}"."gsi" WHERE g = \'x\' AND NOT z BETWEEN 1 AND 2',
            "One or more parameter values were invalid: "
            "Secondary index gsi does not project one or more filter attributes: [z]",
        ),
        (
            'SELECT * FROM "{}"."lsi" WHERE pk IN [\'a\'] AND n IS MISSING',
            "One or more parameter values were invalid: "
            "Secondary index lsi does not project one or more filter attributes: [n]",
        ),
        ('UPDATE "{}"."gsi" SET n = 1 WHERE pk = \'a\' AND sk = 1', "This operation is not supported on an index"),
        ('DELETE FROM "{}"."gsi" WHERE pk = \'a\' AND sk = 1', "This operation is not supported on an index"),
    ],
)
def test_what_an_index_cannot_give_is_refused(engine: Calls, table: str, statement: str, message: str) -> None:
    assert engine.invalid("ExecuteStatement", Statement=statement.format(table)) == message


def test_a_strong_read_of_a_global_index_is_refused_unless_there_is_no_such_index(engine: Calls, table: str) -> None:
    def refusal(index: str) -> str | None:
        return engine.invalid("ExecuteStatement", Statement=f'SELECT * FROM "{table}"."{index}"', ConsistentRead=True)

    assert refusal("gsi") == "Strongly consistent read is not supported on Global Secondary Indexes"
    assert refusal("nope") == "The table does not have the specified index"
    assert select(engine, f'SELECT pk FROM "{table}"."lsi"', ConsistentRead=True)


@pytest.mark.parametrize("where", ["n <> 10", "pk = 'a' AND (n <> 10 OR n = 1)"])
def test_an_attribute_outside_the_index_is_missing_to_a_scan_and_under_or(
    engine: Calls, table: str, where: str
) -> None:
    assert len(select(engine, f'SELECT n FROM "{table}"."lsi" WHERE {where}')) == 5


def test_a_local_index_fetches_what_it_does_not_hold_for_every_row_walked(engine: Calls, table: str) -> None:
    statement = f"SELECT n FROM \"{table}\".\"lsi\" WHERE pk = 'a' AND l >= -3 AND pk <> 'b' AND l <> -1"
    answer = engine.call("ExecuteStatement", Statement=statement, ReturnConsumedCapacity="INDEXES")
    assert answer["Items"] == [{"n": N(30)}, {"n": N(20)}]
    assert answer["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 1.5},
        "LocalSecondaryIndexes": {"lsi": {"CapacityUnits": 0.5}},
    }


def test_a_global_index_costs_nothing_on_the_table(engine: Calls, table: str) -> None:
    statement = f'SELECT * FROM "{table}"."gsi" WHERE g = \'x\''
    answer = engine.call("ExecuteStatement", Statement=statement, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"gsi": {"CapacityUnits": 0.5}},
    }


def test_an_index_with_a_key_of_several_attributes_is_out_of_reach(engine: Calls) -> None:
    name = engine.create(tables.table("music", global_=[tables.global_index("many", ["a", "b"])]))
    refused = (
        "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
    )
    index = f'"{name}"."many"'
    for statement in (
        f"SELECT * FROM {index} WHERE a = 1",
        f"SELECT COUNT(*) FROM {index}",
        f"SELECT pk FROM {index} WHERE a = 'a' ORDER BY b DESC",
    ):
        assert engine.invalid("ExecuteStatement", Statement=statement) == refused
    assert select(engine, f"SELECT * FROM {name}") == []


@pytest.mark.parametrize(
    ("where", "units"), [("pk = 'big' AND sk = 1", 2.5), ("pk = 'big' AND sk = 9", 0.5), ("pk = 'big' AND n = 1", 5.0)]
)
def test_rows_are_sized_before_the_clause_and_the_columns(engine: Calls, table: str, where: str, units: float) -> None:
    engine.put(table, *(row("big", sk, blob=S("x" * 19_000)) for sk in (1, 2)))
    statement = f"SELECT pk FROM {table} WHERE {where}"
    answer = engine.call("ExecuteStatement", Statement=statement, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": units}
