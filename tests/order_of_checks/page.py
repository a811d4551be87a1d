"""docs/fidelity/order_of_checks.md, made of the rows, of the operations there are, and of their constraint tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ddbengine.api.constraint_tables import ADJUSTMENTS, table_of
from ddbengine.api.constraints import compile_rules
from ddbengine.engine.operations import OPERATIONS
from tests.order_of_checks.more_rows import ORDERS
from tests.order_of_checks.rows import Row
from tools.smallest import model_of, required_of

PAGE = Path(__file__).parents[2] / "docs" / "fidelity" / "order_of_checks.md"

_HEAD = """\
# The order of checks

Made by `python -m tests.order_of_checks`; not to be changed by hand.

What each operation checks, and what comes first when several things are wrong with a request. Before all of it come the
body's size, the method, the content type, JSON, the target and authentication (facts.md 1.2). Each table is tested: for
every two rows that one request can break, such a request is answered with the upper one.

*Constraints* are those of the service model. Their members are told in the order given here; up to ten faults are told
in one answer, but where facts.md 3.3 says that one is told alone.
"""


def text() -> str:
    return _HEAD + "".join(part for operation in sorted(OPERATIONS) for part in _operation(operation))


def _operation(operation: str) -> Iterator[str]:
    yield f"\n## {operation}\n\n"
    members = ", ".join(f"`{member}`" for member in _constrained(operation))
    yield f"Constraints: {members or 'none'}.\n"
    if operation in ORDERS:
        yield "\n| # | check | error | message |\n| --- | --- | --- | --- |\n"
        for number, row in enumerate(ORDERS[operation].rows, 1):
            yield f"| {number} | {row.says} | {row.code} | {_message(row)} |\n"


def _message(row: Row) -> str:
    return f"`{row.answer.strip()}`" if row.answer else ""


def _constrained(operation: str) -> list[str]:
    """The members that have constraints, in the order in which they are told."""
    model = model_of(operation)
    required = required_of(operation, model.input(operation), "")
    rules = compile_rules(model, operation, table_of(operation), ADJUSTMENTS)
    return [member for member, rule in rules.items() if rule is not None or member in required]
