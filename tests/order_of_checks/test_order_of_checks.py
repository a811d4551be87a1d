"""Every table of docs/fidelity/order_of_checks.md, row against row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from ddbengine.engine.opening import open_engine
from ddbengine.engine.operations import OPERATIONS
from tests.engine.calls import Calls, Refusal
from tests.order_of_checks.more_rows import ORDERS
from tests.order_of_checks.page import PAGE, text
from tests.order_of_checks.rows import CREATIONS, ITEM, NAME, Row

ROWS = [(operation, row) for operation, order in ORDERS.items() for row in order.rows]
PAIRS = [
    (operation, upper, lower)
    for operation, order in ORDERS.items()
    for upper, lower in combinations(order.rows, 2)
    if upper.can_stand_beside(lower)
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Calls]:
    opened = open_engine(None)
    calls = Calls(opened)
    for creation in CREATIONS:
        calls.create(creation)
    calls.call("PutItem", TableName=NAME, Item=ITEM)
    yield calls
    opened.close()


def _is_of(refusal: Refusal, row: Row) -> bool:
    return refusal.code == row.code and row.answer in (refusal.message or "")


@pytest.mark.parametrize(("operation", "row"), ROWS, ids=lambda value: value.says if isinstance(value, Row) else value)
def test_each_check_refuses_what_breaks_it(engine: Calls, operation: str, row: Row) -> None:
    refusal = engine.refusal(operation, **ORDERS[operation].request(row))
    assert _is_of(refusal, row), refusal


@pytest.mark.parametrize(
    ("operation", "upper", "lower"), PAIRS, ids=lambda value: value.says if isinstance(value, Row) else value
)
def test_the_upper_of_two_checks_answers(engine: Calls, operation: str, upper: Row, lower: Row) -> None:
    refusal = engine.refusal(operation, **ORDERS[operation].request(lower, upper))
    assert _is_of(refusal, upper), refusal


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "run python -m tests.order_of_checks"


def test_the_tables_are_of_operations_there_are() -> None:
    assert ORDERS.keys() <= OPERATIONS.keys()
