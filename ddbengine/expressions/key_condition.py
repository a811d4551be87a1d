"""Key conditions: from text to the range of a table or index that a Query reads (FACTS 4.6).

Two phases.  Compiling finds what is wrong with the expression itself, clause by clause, before any table is looked up.
Binding to key attributes finds what needs the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.condition import ORDERED_TYPES, PredicateMaker, parsed_condition, predicate_maker
from ddbengine.expressions.faults import ExpressionFault, named
from ddbengine.expressions.operands import Values
from ddbengine.expressions.paths import Names, resolve_path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.syntax import And, Between, Comparison, FunctionCall, In, Not, Or, PathOperand, ValueOperand

_KIND: Final = "KeyConditionExpression"
_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
NOT_INDEXABLE: Final = "not indexable"
"""The operator of a legacy condition that no key can be looked up by."""


class KeyAttribute(Protocol):
    """What binding needs to know of a key attribute; ``schema.table.KeyAttribute`` is one."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...


class KeyClause(NamedTuple):
    """One condition on one attribute."""

    operator: str
    """``= < <= > >= BETWEEN begins_with``, or NOT_INDEXABLE."""
    operands: tuple[bytes, ...]


@dataclass(slots=True)  # not frozen: see storage.store.Outcome
class KeyRange:
    """What a Query reads: encoded values for the partition attributes and the first sort attributes, and a range on
    the sort attribute after those."""

    partition: tuple[bytes, ...]
    sort_equal: tuple[bytes, ...]
    operator: str | None
    """``<  <=  >  >=  BETWEEN  begins_with``, or None when everything under the equal attributes is read."""
    operands: tuple[bytes, ...]


class KeyCondition:
    """Conditions by attribute name, at most one for each."""

    __slots__ = ("_clauses",)

    def __init__(self, clauses: dict[str, KeyClause]) -> None:
        self._clauses = clauses

    def bind(self, partition: Sequence[KeyAttribute], sort: Sequence[KeyAttribute]) -> KeyRange:
        """Match the conditions with the key of a table or index; raise ValidationException (FACTS 4.6)."""
        clauses = self._clauses
        attributes = len(partition) + len(sort)
        if len(clauses) > attributes:
            raise ValidationException(
                f"The number of query conditions ({len(clauses)}) exceeds "
                f"the number of key attributes defined in the schema ({attributes})"
            )
        if len(partition) > 1:
            _check_all_equal(partition, clauses)
        partition_values = tuple([_partition_value(attribute, clauses) for attribute in partition])
        conditioned = [attribute for attribute in sort if attribute.name in clauses]
        if len(partition) + len(conditioned) < len(clauses):
            _missed(next(attribute for attribute in sort if attribute.name not in clauses))
        for attribute in conditioned:
            _check_clause(attribute, clauses[attribute.name])
        if not conditioned:
            return KeyRange(partition_values, (), None, ())
        return _range(partition_values, [attribute.name for attribute in sort], conditioned[-1].name, clauses)


def _missed(attribute: KeyAttribute) -> NoReturn:
    raise ValidationException(f"Query condition missed key schema element: {attribute.name}")


def _check_all_equal(partition: Sequence[KeyAttribute], clauses: dict[str, KeyClause]) -> None:
    """Of a key with several partition attributes, those without an equality are told together."""
    unequal = [key.name for key in partition if key.name not in clauses or clauses[key.name].operator != "="]
    if unequal:
        raise ValidationException(
            f"HASH key attributes {', '.join(unequal)} must have equality conditions specified in the query"
        )


def _partition_value(attribute: KeyAttribute, clauses: dict[str, KeyClause]) -> bytes:
    clause = clauses.get(attribute.name)
    if clause is None:
        _missed(attribute)
    _check_clause(attribute, clause)
    if clause.operator != "=":
        raise ValidationException("Query key condition not supported")
    return clause.operands[0]


def _check_clause(attribute: KeyAttribute, clause: KeyClause) -> None:
    if clause.operator == NOT_INDEXABLE:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    for operand in clause.operands:
        if _core.type_of(operand) != attribute.type:
            raise ValidationException(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )


def _range(partition: tuple[bytes, ...], sort: list[str], last: str, clauses: dict[str, KeyClause]) -> KeyRange:
    """Only the last conditioned sort attribute may carry a range, and every one before it needs an equality."""
    leading = sort[: sort.index(last)]
    unequal = [name for name in leading if name not in clauses or clauses[name].operator != "="]
    if unequal:
        raise ValidationException(
            f"RANGE key attributes {', '.join(unequal)} must have equality conditions specified in the query "
            f"because a condition is present on key attribute {last}"
        )
    equal = tuple([clauses[name].operands[0] for name in leading])
    clause = clauses[last]
    if clause.operator == "=":
        return KeyRange(partition, (*equal, clause.operands[0]), None, ())
    return KeyRange(partition, equal, clause.operator, clause.operands)


def compile_key_condition(text: str, placeholders: Placeholders) -> KeyCondition:
    """Compile a KeyConditionExpression; raise ValidationException for all that is wrong without knowing the table."""
    try:
        parsed = parsed_condition(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        template = _template(text, tuple([defined.get(alias) for alias in parsed.names]))
        values = placeholders.values
        if not _are_beyond_doubt(values, template):
            template.check(values)
    except ExpressionFault as fault:
        raise named(_KIND, fault) from None
    if template.refusal is not None:
        raise ValidationException(template.refusal)
    return KeyCondition(
        {
            name: KeyClause(operator, tuple([values[alias] for alias in aliases]))
            for name, operator, aliases in template.clauses
        }
    )


def _are_beyond_doubt(values: Values, template: _Template) -> bool:
    """Whether a look at the values' types is enough to know that ``check`` has nothing to say."""
    if template.refusal is not None:
        return False
    for _, operator, aliases in template.clauses:
        for alias in aliases:
            value = values.get(alias)
            if value is None or (operator != "=" and _core.type_of(value) not in _TYPES_OF_RANGES.get(operator, ())):
                return False
    return True


_TYPES_OF_RANGES: Final = {**dict.fromkeys(("<", "<=", ">", ">="), ORDERED_TYPES), "begins_with": frozenset("SB")}


class _ClauseTemplate(NamedTuple):
    name: str
    operator: str
    operands: tuple[str, ...]
    """Aliases of values."""


class _Template(NamedTuple):
    check: PredicateMaker
    """Raises what is wrong with the expression as with any condition; its predicate is not needed."""
    clauses: tuple[_ClauseTemplate, ...]
    refusal: str | None
    """What makes it no key condition, to be said after ``check``."""


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _template(text: str, names: tuple[str | None, ...]) -> _Template:
    parsed = parsed_condition(text)
    resolved = dict(zip(parsed.names, names, strict=True))
    check = predicate_maker(parsed.root, resolved)
    try:
        return _Template(check, tuple(_clauses(parsed.root, resolved).values()), None)
    except ValidationException as error:
        return _Template(check, (), error.message)
    except ExpressionFault as fault:
        return _Template(check, (), fault.message)  # an undefined name: check raises first


def _clauses(root: Any, names: Names) -> dict[str, _ClauseTemplate]:
    found: dict[str, _ClauseTemplate] = {}
    for node in _conjuncts(root):
        clause = _clause(node, names)
        if clause.name in found:
            # FACTS 4.6 records this one message with the prefix of the expression.
            raise ValidationException(
                f"Invalid {_KIND}: KeyConditionExpressions must only contain one condition per key"
            )
        found[clause.name] = clause
    return found


def _conjuncts(node: Any) -> list[Any]:
    if isinstance(node, And):
        return [conjunct for condition in node.conditions for conjunct in _conjuncts(condition)]
    return [node]


def _clause(node: Any, names: Names) -> _ClauseTemplate:
    operator, operands = _operator_and_operands(node)
    if operator in ("BETWEEN", "begins_with") and isinstance(operands[0], ValueOperand):
        raise _invalid_condition(f"{operator} operator must have the key attribute as its first operand")
    paths: list[PathOperand] = []
    for operand in operands:
        if isinstance(operand, FunctionCall):
            raise ValidationException("KeyConditionExpressions cannot contain nested operations")
        if isinstance(operand, PathOperand):
            paths.append(operand)
        if len(paths) > 1:
            raise _invalid_condition("Multiple attribute names used in one condition")
    if not paths:
        raise _invalid_condition("No key attribute specified")
    path = resolve_path(paths[0], names)
    if len(path) > 1:
        raise ValidationException(
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"
        )
    if isinstance(operands[0], ValueOperand):
        operator = _MIRRORED[operator]
    aliases = tuple(operand.alias for operand in operands if isinstance(operand, ValueOperand))
    return _ClauseTemplate(str(path[0]), operator, aliases)


def _operator_and_operands(node: Any) -> tuple[str, tuple[Any, ...]]:
    if isinstance(node, Comparison) and node.operator != "<>":
        return node.operator, (node.left, node.right)
    if isinstance(node, Between):
        return "BETWEEN", (node.operand, node.low, node.high)
    if isinstance(node, FunctionCall):
        if node.name == "begins_with":
            return node.name, node.operands
        refused = node.name
    elif isinstance(node, Comparison):
        refused = node.operator
    else:
        refused = {Or: "OR", Not: "NOT", In: "IN"}[type(node)]
    raise ValidationException(f"Invalid operator used in KeyConditionExpression: {refused}")


def _invalid_condition(problem: str) -> ValidationException:
    return ValidationException(f"Invalid condition in KeyConditionExpression: {problem}")
