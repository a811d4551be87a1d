"""Operands of conditions, bound to names and values: each knows how to fetch its value from an item.

Binding happens in two steps, because the text and the names of a request hardly ever change while its values do.
A *maker* is made once per text and names, and cached; called with the values of a request it returns the bound thing,
or raises the ExpressionFault that the service would find there, in the service's order: operands from left to right,
then the operator that holds them (FACTS 4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ddbengine import _core
from ddbengine.expressions.faults import ExpressionFault, operand_count, operand_type, undefined_value
from ddbengine.expressions.paths import Names, Path, resolve_path, written
from ddbengine.expressions.syntax import FunctionCall, Operand, PathOperand, ValueOperand

Values = Mapping[str, bytes]
Fetch = Callable[["_core.Buffer"], "bytes | None"]
"""The operand's encoded value in a stored item, None when the item has no such attribute."""

_SIZELESS_TYPES: Final = frozenset({"N", "BOOL", "NULL"})


class BoundOperand(NamedTuple):
    fetch: Fetch
    path: Path | None = None
    constant: bytes | None = None
    """The encoded value of a ``:value``."""
    type: str | None = None
    """The type of the operand where it does not depend on the item."""


OperandMaker = Callable[[Values], BoundOperand]


def fetch_path(path: Path) -> Fetch:
    if len(path) == 1:
        get_attribute, name = _core.get_attribute, path[0]
        return lambda item: get_attribute(item, name)  # type: ignore[arg-type]  # a path starts with a name
    find = _core.find
    return lambda item: find(item, path)


def path_maker(operand: PathOperand, names: Names) -> OperandMaker:
    """A fault in the path is raised when the maker is called: an earlier operand may have one of its own."""
    try:
        path = resolve_path(operand, names)
    except ExpressionFault as fault:
        return failing(fault.message)
    bound = BoundOperand(fetch_path(path), path=path)
    return lambda values: bound


def failing(message: str) -> Callable[[Values], Any]:
    def fail(values: Values) -> Any:
        raise ExpressionFault(message)

    return fail


def value_maker(operand: ValueOperand) -> OperandMaker:
    alias = operand.alias

    def make(values: Values) -> BoundOperand:
        constant = values.get(alias)
        if constant is None:
            raise undefined_value(alias)
        return BoundOperand(lambda item: constant, None, constant, _core.type_of(constant))

    return make


def size_maker(call: FunctionCall, names: Names) -> OperandMaker:
    makers = [operand_maker(operand, names) for operand in call.operands]

    def make(values: Values) -> BoundOperand:
        operands = [make_operand(values) for make_operand in makers]
        if len(operands) != 1:
            raise operand_count("size", len(operands))
        measured = operands[0]
        if measured.type in _SIZELESS_TYPES:
            raise operand_type("size", measured.type)
        fetch = measured.fetch

        def fetch_size(item: _core.Buffer) -> bytes | None:
            value = fetch(item)
            size = None if value is None else _core.size_function(value)
            return None if size is None else _encoded_integer(size)

        return BoundOperand(fetch_size, type="N")

    return make


@lru_cache(maxsize=4096)
def _encoded_integer(number: int) -> bytes:
    return _core.encode_value({"N": str(number)})


def operand_maker(operand: Operand, names: Names) -> OperandMaker:
    if isinstance(operand, PathOperand):
        return path_maker(operand, names)
    if isinstance(operand, ValueOperand):
        return value_maker(operand)
    return size_maker(operand, names)


def check_distinct(operator: str, operands: Iterable[BoundOperand]) -> None:
    """The first operand, if a path, may not be named again (FACTS 4.1)."""
    first, *others = (operand.path for operand in operands)
    if first is not None and first in others:
        raise ExpressionFault(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {operator}, first operand: {written(first)}"
        )


def resolved_paths(operands: Iterable[Operand], names: Names) -> Iterable[Path]:
    """The paths below operands that resolve; those that do not are reported when the expression is bound."""
    for operand in operands:
        if isinstance(operand, PathOperand):
            try:
                yield resolve_path(operand, names)
            except ExpressionFault:
                continue
        elif isinstance(operand, FunctionCall):
            yield from resolved_paths(operand.operands, names)
