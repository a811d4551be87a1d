"""What can be refused in a syntax tree by its words alone: reserved words, function names, list indexes, sizes.

The tree is walked in the order of the text, outer nodes before inner ones, and the first fault wins.  Recorded in
FACTS 4.1, 4.3; the order, and the messages that FACTS does not hold, observed on DynamoDB Local 1.25.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ddbengine.expressions import syntax
from ddbengine.expressions.faults import ExpressionFault
from ddbengine.expressions.reserved import is_reserved
from ddbengine.limits import EXPRESSION_MAX_BYTES, EXPRESSION_MAX_OPERATORS

CONDITION_FUNCTIONS: Final = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
)
UPDATE_FUNCTIONS: Final = frozenset({"if_not_exists", "list_append"})
LIST_INDEX_MAX: Final = 2**31 - 1


def check_text(text: str, echo_size: bool = True) -> None:
    """Length of the raw text; FACTS 4.1 has two wordings, UpdateExpression does not echo the size."""
    if not text:
        raise ExpressionFault("The expression can not be empty;")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > EXPRESSION_MAX_BYTES:
        echo = f" expression size: {size}" if echo_size else ""
        raise ExpressionFault(f"Expression size has exceeded the maximum allowed size;{echo}")


def check_path(path: syntax.PathOperand) -> None:
    for element in path.elements:
        if isinstance(element, int):
            if element > LIST_INDEX_MAX:
                raise ExpressionFault(f"List index is not within the allowable range; index: [{element}]")
        elif element[0] != "#" and is_reserved(element):
            raise ExpressionFault(f"Attribute name is a reserved keyword; reserved keyword: {element}")


def check_condition_words(root: syntax.ConditionNode) -> None:
    # Each waiting node is paired with whether it stands as an operand: only there is size() allowed.
    waiting: list[tuple[Any, bool]] = [(root, False)]
    while waiting:
        node, as_operand = waiting.pop()
        if isinstance(node, syntax.PathOperand):
            check_path(node)
        elif isinstance(node, syntax.FunctionCall):
            _check_condition_function(node.name, as_operand)
        as_operand = not isinstance(node, (syntax.And, syntax.Or, syntax.Not))
        waiting.extend((child, as_operand) for child in reversed(children(node)))


def _check_condition_function(name: str, as_operand: bool) -> None:
    if name in UPDATE_FUNCTIONS:
        raise ExpressionFault(f"The function is not allowed in a condition expression; function: {name}")
    if name not in CONDITION_FUNCTIONS:
        raise ExpressionFault(f"Invalid function name; function: {name}")
    if (name == "size") != as_operand:
        raise _misused(name)


def check_update_words(sections: Iterable[syntax.Section]) -> None:
    seen: set[str] = set()
    for section in sections:
        for action in section.actions:
            check_path(action.target)
            if isinstance(action, syntax.SetAction):
                _check_set_value(action.value)
        if section.keyword in seen:
            raise ExpressionFault(f'The "{section.keyword}" section can only be used once in an update expression;')
        seen.add(section.keyword)


def _check_set_value(root: syntax.SetValue) -> None:
    waiting: list[Any] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, syntax.PathOperand):
            check_path(node)
        elif isinstance(node, syntax.FunctionCall):
            if node.name in CONDITION_FUNCTIONS:
                raise ExpressionFault(f"The function is not allowed in an update expression; function: {node.name}")
            if node.name not in UPDATE_FUNCTIONS:
                raise ExpressionFault(f"Invalid function name; function: {node.name}")
            if node.name == "list_append" and node is not root:
                raise _misused(node.name)
        waiting.extend(reversed(children(node)))


def _misused(function: str) -> ExpressionFault:
    return ExpressionFault(f"The function is not allowed to be used this way in an expression; function: {function}")


def check_operator_count(roots: Iterable[Any]) -> None:
    """At most 300 operators and functions (FACTS 4.2).  The message stops counting at the first too many."""
    count = 0
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        count += _operators_of(node)
        if count > EXPRESSION_MAX_OPERATORS:
            raise ExpressionFault(
                f"The expression contains too many operators; operator count: {EXPRESSION_MAX_OPERATORS + 1}"
            )
        waiting.extend(children(node))


def _operators_of(node: Any) -> int:
    if isinstance(node, (syntax.And, syntax.Or)):
        return len(node.conditions) - 1
    return 0 if isinstance(node, (syntax.PathOperand, syntax.ValueOperand)) else 1


def children(node: Any) -> tuple[Any, ...]:
    """The nodes directly below a condition or operand, in the order of the text."""
    if isinstance(node, (syntax.Comparison, syntax.Arithmetic)):
        return (node.left, node.right)
    if isinstance(node, syntax.FunctionCall):
        return node.operands
    if isinstance(node, (syntax.And, syntax.Or)):
        return node.conditions
    if isinstance(node, syntax.Not):
        return (node.condition,)
    if isinstance(node, syntax.Between):
        return (node.operand, node.low, node.high)
    if isinstance(node, syntax.In):
        return (node.operand, *node.choices)
    return ()


def aliases_of(roots: Iterable[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name aliases and value aliases used anywhere below, each once."""
    names: dict[str, None] = {}
    values: dict[str, None] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if isinstance(node, syntax.PathOperand):
            names.update((e, None) for e in node.elements if isinstance(e, str) and e[0] == "#")
        elif isinstance(node, syntax.ValueOperand):
            values[node.alias] = None
        waiting.extend(children(node))
    return tuple(names), tuple(values)
