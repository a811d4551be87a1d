"""Which keys a WHERE clause pins: what a statement reads or writes, and when it has to scan.

A clause is taken apart into *branches*, alternatives of which each pins the partition key or does not.  If every branch
pins it, the rows wanted lie in those partitions, narrowed by the branches' conditions on the sort key; the whole clause
is still evaluated on each row unless the branches say all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ddbengine.expressions.checks import children
from ddbengine.expressions.syntax import And, Between, Comparison, FunctionCall, In, Not, Or, PathOperand, ValueOperand
from ddbengine.partiql.compiler import BoundWhere

BRANCHES_MAX: Final = 10_000
"""More alternatives than this (100 partition keys times 100 sort keys) are not told apart."""

_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class SortClause(NamedTuple):
    """A condition on the sort key: ``=  <  <=  >  >=  BETWEEN  begins_with`` and its values."""

    operator: str
    values: tuple[bytes, ...]


class Branch(NamedTuple):
    partition: bytes | None = None
    sort: tuple[SortClause, ...] = ()
    is_exact: bool = False
    """Whether there is nothing to the branch but its partition and sort conditions."""
    is_negated: bool = False
    """Whether it has a negated condition on the sort key, which narrows nothing."""
    choices: tuple[tuple[int, int], ...] = ()
    """Of every OR that says something of the sort key, which operand the branch comes from."""


class KeyNames(NamedTuple):
    partition: str
    sort: str | None


def branches_of(where: BoundWhere, key: KeyNames) -> list[Branch]:
    """The alternatives of a clause; none when it cannot be fulfilled."""
    return _Analysis(where, key).branches(where.root)


def excludes_overlap(first: Branch, second: Branch) -> bool:
    """Whether two branches of one partition come from different operands of one OR over the sort key."""
    if first.is_negated or second.is_negated:
        return False
    operands = dict(first.choices)
    return any(operands.get(junction, operand) != operand for junction, operand in second.choices)


class _Analysis:
    def __init__(self, where: BoundWhere, key: KeyNames) -> None:
        self._names = where.names
        self._values = where.values
        self._key = key

    def branches(self, node: Any) -> list[Branch]:
        if isinstance(node, And):
            return self._all_of(node)
        if isinstance(node, Or):
            return self._any_of(node)
        if isinstance(node, Not):
            return [Branch(is_negated=self._names_sort(node))]
        if isinstance(node, In):
            return self._membership(node)
        return [self._clause(node)]

    def _all_of(self, node: And) -> list[Branch]:
        found = [Branch(is_exact=True)]
        for condition in node.conditions:
            more = self.branches(condition)
            if len(found) * len(more) > BRANCHES_MAX:
                found = [branch._replace(is_exact=False) for branch in found]
                continue
            found = [both for first in found for second in more if (both := _both(first, second)) is not None]
        return found

    def _any_of(self, node: Or) -> list[Branch]:
        alternatives = [self.branches(condition) for condition in node.conditions]
        if any(branch.sort or branch.is_negated for branches in alternatives for branch in branches):
            return [
                branch._replace(choices=(*branch.choices, (id(node), number)))
                for number, branches in enumerate(alternatives)
                for branch in branches
            ]
        return [branch for branches in alternatives for branch in branches]

    def _membership(self, node: In) -> list[Branch]:
        name = self.name_of(node.operand)
        if name is None or not all(isinstance(choice, ValueOperand) for choice in node.choices):
            return [Branch()]
        values = dict.fromkeys(self._values[choice.alias] for choice in node.choices)  # type: ignore[union-attr]
        if name == self._key.partition:
            return [Branch(partition=value, is_exact=True) for value in values]
        if name == self._key.sort:
            return [Branch(sort=(SortClause("=", (value,)),), is_exact=True) for value in values]
        return [Branch()]

    def _clause(self, node: Any) -> Branch:
        found = _simple_clause(node)
        if found is None:
            return Branch()
        operator, path, operands = found
        name = self.name_of(path)
        if name is None or name not in self._key:
            return Branch()
        if operator == "<>":
            return Branch(is_negated=name == self._key.sort)
        values = tuple([self._values[operand.alias] for operand in operands])
        if name == self._key.partition:
            return Branch(partition=values[0], is_exact=True) if operator == "=" else Branch()
        return Branch(sort=(SortClause(operator, values),), is_exact=True)

    def name_of(self, operand: Any) -> str | None:
        """The attribute an operand names, None for a value or a nested path."""
        if not isinstance(operand, PathOperand) or len(operand.elements) > 1:
            return None
        return self._names[str(operand.elements[0])]

    def _names_sort(self, node: Any) -> bool:
        if self._key.sort is None:
            return False
        return any(self.name_of(operand) == self._key.sort for operand in _operands_below(node))


def _operands_below(node: Any) -> Iterator[Any]:
    for child in children(node):
        yield child
        yield from _operands_below(child)


def _simple_clause(node: Any) -> tuple[str, Any, tuple[ValueOperand, ...]] | None:
    """Operator, path and values of a condition on one path."""
    if isinstance(node, Comparison):
        left, right = node.left, node.right
        if isinstance(right, ValueOperand):
            return node.operator, left, (right,)
        if isinstance(left, ValueOperand):
            return _MIRRORED.get(node.operator, node.operator), right, (left,)
    elif isinstance(node, Between):
        if isinstance(node.low, ValueOperand) and isinstance(node.high, ValueOperand):
            return "BETWEEN", node.operand, (node.low, node.high)
    elif isinstance(node, FunctionCall) and node.name == "begins_with":
        operand, prefix = node.operands
        if isinstance(prefix, ValueOperand):
            return "begins_with", operand, (prefix,)
    return None


def _both(first: Branch, second: Branch) -> Branch | None:
    """What fulfils two branches, None when nothing can."""
    if first.partition is not None and second.partition is not None and first.partition != second.partition:
        return None
    return Branch(
        first.partition if first.partition is not None else second.partition,
        first.sort + second.sort,
        first.is_exact and second.is_exact,
        first.is_negated or second.is_negated,
        first.choices + second.choices,
    )


# --- the key of one item -------------------------------------------------------------------------


class PinnedKey(NamedTuple):
    values: Mapping[str, tuple[bytes, ...]]
    """For each key attribute that some equality pins, the distinct values it is to have."""
    is_all: bool
    """Whether the clause says nothing else."""


def pinned_key(where: BoundWhere | None, names: tuple[str, ...]) -> PinnedKey:
    """The equalities on key attributes that a clause demands, whatever else it says."""
    if where is None:
        return PinnedKey({}, True)
    analysis = _Analysis(where, KeyNames(names[0], names[1] if len(names) > 1 else None))
    values: dict[str, dict[bytes, None]] = {}
    is_all = True
    for node in conjuncts(where.root):
        found = _simple_clause(node)
        name = None if found is None or found[0] != "=" else analysis.name_of(found[1])
        if found is None or name not in names:
            is_all = False
            continue
        values.setdefault(str(name), {})[where.values[found[2][0].alias]] = None
    return PinnedKey({name: tuple(found_values) for name, found_values in values.items()}, is_all)


def conjuncts(node: Any) -> Iterator[Any]:
    """The conditions that all have to hold."""
    if isinstance(node, And):
        for condition in node.conditions:
            yield from conjuncts(condition)
    else:
        yield node


def undivided_names(where: BoundWhere) -> set[str]:
    """The attributes that a clause names outside of any OR."""
    names: set[str] = set()
    for node in conjuncts(where.root):
        if not isinstance(node, Or):
            names.update(
                str(where.names[str(operand.elements[0])])
                for operand in _operands_below(node)
                if isinstance(operand, PathOperand)
            )
    return names
