"""A generated statement and the same request made with expressions come to the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.calls import Calls
from tests.wire import Item, N, S, Value

PARTITIONS = ("a", "b", "c")
SORTS = range(5)
OVERLAP = "Overlapping conditions with range keys are not supported in where clause"

values: st.SearchStrategy[Value] = st.one_of(
    st.integers(0, 4).map(N),
    st.sampled_from(["", "x", "xy", "it's"]).map(S),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.just({"SS": ["x", "y"]}),
    st.just({"NS": ["1", "2"]}),
    st.just({"L": [N(1), S("x")]}),
    st.just({"M": {"x": N(1), "y": S("x")}}),
)


def literal(value: Value) -> str:
    """A value as PartiQL writes it."""
    content: Any
    [(type_name, content)] = value.items()
    if type_name == "N":
        return str(content)
    if type_name == "S":
        quoted = str(content).replace("'", "''")
        return f"'{quoted}'"
    if type_name in ("BOOL", "NULL"):
        return "null" if type_name == "NULL" else str(content).lower()
    if type_name in ("SS", "NS"):
        return "<<" + ", ".join(literal({type_name[0]: member}) for member in content) + ">>"
    if type_name == "L":
        return "[" + ", ".join(map(literal, content)) + "]"
    return "{" + ", ".join(f"'{name}': {literal(member)}" for name, member in content.items()) + "}"


@dataclass
class Both:
    """A condition in both languages, as it is written down; values of the statement are literals or parameters."""

    values: dict[str, Value] = field(default_factory=dict)
    parameters: list[Value] = field(default_factory=list)

    def value(self, value: Value, as_parameter: bool) -> tuple[str, str]:
        alias = f":v{len(self.values)}"
        self.values[alias] = value
        if as_parameter:
            self.parameters.append(value)
            return "?", alias
        return literal(value), alias


paths = st.sampled_from(["pk", "sk", "n", "s", "m.x", "m.y", "l[0]"])
ordered = st.integers(0, 4).map(N) | st.sampled_from(["x", "xy", "y"]).map(S)


@st.composite
def predicates(draw: st.DrawFn, both: Both) -> tuple[str, str]:
    """One comparison or function, as PartiQL and as an expression."""
    path, as_parameter = draw(paths), draw(st.booleans())
    kind = draw(
        st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IN", "BETWEEN", "begins_with", "contains", "exists", "IS"])
    )
    if kind in ("=", "<>"):
        partiql, expression = both.value(_key_value(draw, path), as_parameter)
        return (f"{path} {kind} {partiql}", f"{path} {kind} {expression}")
    if kind in ("<", "<=", ">", ">="):
        partiql, expression = both.value(_ordered_value(draw, path), as_parameter)
        return (f"{path} {kind} {partiql}", f"{path} {kind} {expression}")
    if kind == "IN":
        pairs = [both.value(_key_value(draw, path), as_parameter) for _ in range(draw(st.integers(1, 3)))]
        listed = ", ".join(partiql for partiql, _ in pairs)
        return f"{path} IN [{listed}]", f"{path} IN ({', '.join(expression for _, expression in pairs)})"
    if kind == "BETWEEN":
        low, high = sorted(draw(st.tuples(st.integers(0, 4), st.integers(0, 4))))
        path = "sk" if path == "pk" else path
        first, second = both.value(N(low), as_parameter), both.value(N(high), as_parameter)
        return f"{path} BETWEEN {first[0]} AND {second[0]}", f"{path} BETWEEN {first[1]} AND {second[1]}"
    if kind in ("begins_with", "contains"):
        path = "s" if path == "sk" else path
        partiql, expression = both.value(S(draw(st.sampled_from(["a", "x"]))), as_parameter)
        return f"{kind}({path}, {partiql})", f"{kind}({path}, {expression})"
    if kind == "exists":
        return f"{path} IS NOT MISSING", f"attribute_exists({path})"
    partiql_type, type_name = draw(
        st.sampled_from([("NULL", "NULL"), ("STRING", "S"), ("NUMERIC", "N"), ("LIST", "L")])
    )
    both.values[alias := f":v{len(both.values)}"] = S(type_name)
    return f"{path} IS {partiql_type}", f"attribute_type({path}, {alias})"


def _key_value(draw: st.DrawFn, path: str) -> Value:
    """A value for the path that a key attribute can have where the path is one."""
    if path == "pk":
        return S(draw(st.sampled_from([*PARTITIONS, "zz"])))
    return N(draw(st.integers(0, 5))) if path == "sk" else draw(values)


def _ordered_value(draw: st.DrawFn, path: str) -> Value:
    return _key_value(draw, path) if path in ("pk", "sk") else draw(ordered)


@st.composite
def conditions(draw: st.DrawFn, both: Both, depth: int = 0) -> tuple[str, str]:
    kind = "leaf" if depth == 3 else draw(st.sampled_from(["leaf", "leaf", "AND", "AND", "OR", "NOT"]))
    if kind == "leaf":
        return draw(predicates(both))
    if kind == "NOT":
        partiql, expression = draw(conditions(both, depth + 1))
        return f"NOT ({partiql})", f"NOT ({expression})"
    pairs = [draw(conditions(both, depth + 1)) for _ in range(draw(st.integers(2, 3)))]
    joined = [f" {kind} ".join(f"({pair[side]})" for pair in pairs) for side in (0, 1)]
    return joined[0], joined[1]


@pytest.fixture(scope="module")
def engine() -> Iterator[Calls]:
    """A table whose items have every type in n, s, m and l, and an index on n that holds everything."""
    opened = open_engine(None)
    calls = Calls(opened)
    name = calls.create(
        tables.table(
            "music",
            sort="N",
            local=[tables.local_index("lsi", "r:N")],
            global_=[tables.global_index("gsi", "g:S", "sk")],
        )
    )
    kinds: list[Value] = [
        N(1),
        N(3),
        S("x"),
        S("xy"),
        {"BOOL": True},
        {"NULL": True},
        {"NS": ["1", "2"]},
        {"SS": ["x", "y"]},
    ]
    kinds += [{"L": [N(1), S("x")]}, {"M": {"x": N(1), "y": S("x")}}]
    number = 0
    for partition in PARTITIONS:
        for sort in SORTS:
            number += 1
            item: Item = {
                "pk": S(partition),
                "sk": N(sort),
                "n": kinds[number % 10],
                "r": N(-sort),
                "g": S("abc"[sort % 3]),
            }
            if sort % 2:
                item["s"] = kinds[number * 3 % 10]
                item["m"] = {"M": {"x": kinds[number * 7 % 10], "y": S("x")}}
            item["l"] = {"L": [kinds[number * 7 % 10]]}
            calls.put(name, item)
    yield calls
    opened.close()


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_select_finds_what_a_scan_with_the_same_filter_finds(engine: Calls, data: st.DataObject) -> None:
    both = Both()
    partiql, expression = data.draw(conditions(both))
    index = data.draw(st.sampled_from([None, "gsi", "lsi"]))
    source = "music" if index is None else f'"music"."{index}"'
    scan: dict[str, Any] = {"TableName": "music", "FilterExpression": expression}
    if both.values:
        scan["ExpressionAttributeValues"] = both.values
    if index is not None:
        scan["IndexName"] = index
    expected = engine.items("Scan", **scan)
    limit = data.draw(st.none() | st.integers(1, 7))
    found = _all_pages(engine, f"SELECT * FROM {source} WHERE {partiql}", both.parameters, limit)
    if found is None:
        assert " OR " in partiql
        return
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def _all_pages(engine: Calls, statement: str, parameters: list[Value], limit: int | None) -> list[Item] | None:
    """The items of all pages, None where the service refuses branches that overlap on the sort key."""
    request: dict[str, Any] = {"Statement": statement}
    if parameters:
        request["Parameters"] = parameters
    if limit is not None:
        request["Limit"] = limit
    found: list[Item] = []
    error = engine.error("ExecuteStatement", **request)
    if error is not None:
        assert error.message == OVERLAP
        return None
    while True:
        page = engine.call("ExecuteStatement", **request)
        found += page["Items"]
        if "NextToken" not in page:
            return found
        request["NextToken"] = page["NextToken"]


SORT_CONDITIONS = [
    *((f"sk {operator} {{}}", f"sk {operator} {{}}") for operator in ("=", "<", "<=", ">", ">=")),
    ("sk BETWEEN {} AND 3", "sk BETWEEN {} AND :three"),
]


@given(
    partition=st.sampled_from(PARTITIONS),
    bound=st.integers(0, 3),
    sort=st.sampled_from(SORT_CONDITIONS),
    descending=st.booleans(),
    limit=st.none() | st.integers(1, 6),
)
def test_a_keyed_select_reads_what_a_query_reads_in_its_order(
    engine: Calls, partition: str, bound: int, sort: tuple[str, str], descending: bool, limit: int | None
) -> None:
    query: dict[str, Any] = {
        "TableName": "music",
        "KeyConditionExpression": f"pk = :p AND {sort[1].format(':b')}",
        "ExpressionAttributeValues": {":p": S(partition), ":b": N(bound)},
        "ScanIndexForward": not descending,
        "ReturnConsumedCapacity": "INDEXES",
    }
    if ":three" in sort[1]:
        query["ExpressionAttributeValues"][":three"] = N(3)
    statement: dict[str, Any] = {
        "Statement": f"SELECT * FROM music WHERE pk = '{partition}' AND {sort[0].format(bound)}"
        + (" ORDER BY sk DESC" if descending else ""),
        "ReturnConsumedCapacity": "INDEXES",
    }
    if limit is not None:
        query["Limit"] = statement["Limit"] = limit
    asked, stated = engine.call("Query", **query), engine.call("ExecuteStatement", **statement)
    assert stated["Items"] == asked["Items"]
    assert stated["ConsumedCapacity"] == asked["ConsumedCapacity"]
    if sort[0].split()[1] != "=":
        assert stated.get("LastEvaluatedKey") == asked.get("LastEvaluatedKey")


@given(value=values)
def test_a_literal_is_stored_as_the_value_it_writes(engine: Calls, value: Value) -> None:
    run = {"Statement": f"INSERT INTO music VALUE {{'pk': 'new', 'sk': 1, 'v': {literal(value)}}}"}
    engine.call("ExecuteStatement", **run)
    stored = engine.get("music", pk=S("new"), sk=N(1))
    engine.call("ExecuteStatement", Statement="DELETE FROM music WHERE pk = 'new' AND sk = 1")
    assert stored == {"pk": S("new"), "sk": N(1), "v": value}


SEEDS = [
    "SELECT pk , m . x , l [ 0 ] FROM music WHERE pk = 'a' AND sk IN [ 1 , 2 ] AND ( n = ? OR size ( s ) > 1 ) "
    "ORDER BY sk DESC",
    "SELECT * FROM music . gsi WHERE NOT g = 'a' AND contains ( n , 'x' ) = true AND n IS NOT NULL "
    "AND sk BETWEEN 1 AND ?",
    "INSERT INTO music VALUE { 'pk' : 'tmp' , 'sk' : 1 , 'v' : [ 1 , << 'x' , 'y' >> , { 'a' : null } ] , 'w' : ? }",
    "UPDATE music SET n = n + 1 , s = if_not_exists ( s , ? ) SET t = set_add ( t , << 1 >> ) REMOVE m . x "
    "WHERE pk = 'tmp' AND sk = 1 AND attribute_exists ( n ) RETURNING MODIFIED NEW *",
    "DELETE FROM music WHERE pk = 'tmp' AND sk = 1 AND begins_with ( s , 'x' ) RETURNING ALL OLD *",
    "EXISTS ( SELECT * FROM music WHERE pk = 'a' AND sk = 1 AND n = 1 )",
]
TOKENS = sorted({token for seed in SEEDS for token in seed.split()})


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A statement with a few tokens taken away, put in or replaced."""
    tokens = draw(st.sampled_from(SEEDS)).split()
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(tokens) - 1))
        tokens[position : position + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(TOKENS), max_size=2))
        tokens = tokens or ["SELECT"]
    return " ".join(tokens)


@settings(max_examples=300, deadline=None)
@given(statement=mangled(), parameter=values)
def test_a_mangled_statement_is_answered_or_refused_but_never_fails(
    engine: Calls, statement: str, parameter: Value
) -> None:
    wire = {"Statement": statement, "Parameters": [parameter] * 4}
    refusals = [
        engine.error("ExecuteStatement", **wire),
        engine.error("BatchExecuteStatement", Statements=[wire]),
        engine.error("ExecuteTransaction", TransactStatements=[wire]),
    ]
    known = {"ValidationException", "ResourceNotFoundException", "ConditionalCheckFailedException"}
    known |= {"DuplicateItemException", "TransactionCanceledException"}
    assert {error.code for error in refusals if error is not None} <= known
