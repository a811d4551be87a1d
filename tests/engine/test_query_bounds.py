"""The range of rows that a Query reads is the same whether the core makes it at once or the engine step by step."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ddbengine import _core
from ddbengine.engine.query import bounds_of, check_key_values
from ddbengine.engine.reading import Target
from ddbengine.errors import ValidationException
from ddbengine.expressions.key_condition import KeyClause, KeyCondition
from ddbengine.limits import SORT_KEY_MAX_BYTES
from ddbengine.schema.create import TableIdentity, table_definition
from tests.strategies import Wire, keys_of_type
from tests.tables import table

IDENTITY = TableIdentity("table", "", "arn:aws:dynamodb:us-east-1:0:table/table", "id", "us-east-1", "0", 0.0)
OPERATORS = ("=", "<", "<=", ">", ">=", "BETWEEN", "begins_with")
LONG = {
    "S": st.integers(0, 1100).map(lambda size: {"S": "x" * size}),
    "B": st.integers(0, 300).map(lambda size: {"B": "////" * size}),
    "N": keys_of_type["N"],
}


def target(partition: str, sort: str | None) -> Target:
    definition = table_definition(table(partition=partition, sort=sort))
    return Target(definition.schema(IDENTITY, 7), None)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[Target, KeyCondition]:
    types = draw(st.lists(st.sampled_from("SNB"), min_size=1, max_size=2))
    values: list[Any] = [st.one_of(keys_of_type[kind], LONG[kind]) for kind in types]
    clauses = {"pk": KeyClause("=", (encoded(draw(values[0])),))}
    if len(types) > 1 and draw(st.booleans()):
        operator = draw(st.sampled_from(OPERATORS if types[1] != "N" else OPERATORS[:-1]))
        operands = tuple(encoded(draw(values[1])) for _ in range(2 if operator == "BETWEEN" else 1))
        clauses["sk"] = KeyClause(operator, operands)
    return target(types[0], types[1] if len(types) > 1 else None), KeyCondition.of(clauses)


def encoded(value: Wire) -> bytes:
    return _core.encode_value(value)


@given(conditions())
def test_plain_bounds_are_those_of_the_bound_condition(drawn: tuple[Target, KeyCondition]) -> None:
    target, condition = drawn
    plain = condition.plain_bounds(*target.layout)
    key_range = condition.bind(target.partition, target.sort)
    try:
        check_key_values(target, key_range)
    except ValidationException:
        assert plain is None
        return
    values = (*key_range.partition, *key_range.sort_equal, *key_range.operands)
    if sum(len(_core.key_bytes(value)) for value in values) <= SORT_KEY_MAX_BYTES:
        assert plain is not None
    assert plain in (None, bounds_of(target, key_range))
