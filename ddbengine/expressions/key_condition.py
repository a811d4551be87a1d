"""Key conditions: from text to the range of a table or index that a Query reads (FACTS 4.6).

Two phases.  Compiling finds what is wrong with the expression itself, clause by clause, before any table is looked up.
Binding to key attributes finds what needs the schema.  Both depend on little but the types of the values, so what was
found good once is remembered by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.condition import PredicateMaker, parsed_condition, predicate_maker
from ddbengine.expressions.faults import ExpressionFault, named
from ddbengine.expressions.operands import Values
from ddbengine.expressions.paths import Names, resolve_path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.syntax import And, Between, Comparison, FunctionCall, In, Not, Or, PathOperand, ValueOperand
from ddbengine.limits import SORT_KEY_MAX_BYTES

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


@dataclass(slots=True)  # not frozen: each request makes one
class KeyRange:
    """What a Query reads: encoded values for the partition attributes and the first sort attributes, and a range on
    the sort attribute after those."""

    partition: tuple[bytes, ...]
    sort_equal: tuple[bytes, ...]
    operator: str | None
    """``<  <=  >  >=  BETWEEN  begins_with``, or None when everything under the equal attributes is read."""
    operands: tuple[bytes, ...]


class _FormClause(NamedTuple):
    """A KeyClause but for its values: their types, and the place of the first among those of all clauses."""

    operator: str
    types: tuple[str, ...]
    first: int


class _Layout(NamedTuple):
    """A KeyRange with places of values instead of them."""

    partition: tuple[int, ...]
    sort_equal: tuple[int, ...]
    operator: str | None
    operands: tuple[int, ...]


_LAYOUTS_MAX: Final = 64
"""Remembered by one form: most applications ask one thing of one table."""


class KeyForm:
    """What a key condition asks, its values aside: whether it suits a key follows from this, once for all requests."""

    __slots__ = ("_clauses", "_layouts")

    def __init__(self, clauses: Iterable[tuple[str, str, tuple[str, ...]]]) -> None:
        """``clauses``: of each attribute the name, the operator, and the types of the operands."""
        self._clauses: dict[str, _FormClause] = {}
        self._layouts: dict[tuple[Sequence[KeyAttribute], Sequence[KeyAttribute]], _Layout] = {}
        first = 0
        for name, operator, types in clauses:
            self._clauses[name] = _FormClause(operator, types, first)
            first += len(types)

    def layout(self, partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]) -> _Layout:
        """Match the conditions with the key of a table or index; raise ValidationException (FACTS 4.6)."""
        known = self._layouts.get((partition, sort))
        if known is not None:
            return known
        layout = self._matched(partition, sort)
        if len(self._layouts) >= _LAYOUTS_MAX:
            self._layouts.clear()
        self._layouts[partition, sort] = layout
        return layout

    def _matched(self, partition: Sequence[KeyAttribute], sort: Sequence[KeyAttribute]) -> _Layout:
        clauses = self._clauses
        attributes = len(partition) + len(sort)
        if len(clauses) > attributes:
            raise ValidationException(
                f"The number of query conditions ({len(clauses)}) exceeds "
                f"the number of key attributes defined in the schema ({attributes})"
            )
        if len(partition) > 1:
            _check_all_equal(partition, clauses)
        partition_places = tuple([_partition_place(attribute, clauses) for attribute in partition])
        conditioned = [attribute for attribute in sort if attribute.name in clauses]
        if len(partition) + len(conditioned) < len(clauses):
            _missed(next(attribute for attribute in sort if attribute.name not in clauses))
        for attribute in conditioned:
            _check_clause(attribute, clauses[attribute.name])
        if not conditioned:
            return _Layout(partition_places, (), None, ())
        return _range(partition_places, [attribute.name for attribute in sort], conditioned[-1].name, clauses)


class KeyCondition:
    """Conditions by attribute name, at most one for each."""

    __slots__ = ("_form", "_values")

    def __init__(self, form: KeyForm, values: tuple[bytes, ...]) -> None:
        """``values`` of all clauses, one after another."""
        self._form = form
        self._values = values

    @staticmethod
    def of(clauses: Mapping[str, KeyClause]) -> KeyCondition:
        """The condition that these clauses, by attribute, are."""
        form = KeyForm(
            (name, clause.operator, tuple(map(_core.type_of, clause.operands))) for name, clause in clauses.items()
        )
        return KeyCondition(form, tuple(chain.from_iterable(clause.operands for clause in clauses.values())))

    def bind(self, partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]) -> KeyRange:
        """What is read of a table or index with this key; raise ValidationException (FACTS 4.6)."""
        values = self._values
        layout = self._form.layout(partition, sort)
        return KeyRange(
            tuple([values[place] for place in layout.partition]),
            tuple([values[place] for place in layout.sort_equal]),
            layout.operator,
            tuple([values[place] for place in layout.operands]),
        )

    def plain_bounds(
        self, prefix: bytes, partition: tuple[KeyAttribute, ...], sort: tuple[KeyAttribute, ...]
    ) -> tuple[bytes, bytes] | None:
        """The range low <= key < high of the rows of a table or index with this prefix and key; None where something is
        to be said about the values, or may be.  Raise ValidationException as ``bind`` does."""
        return _core.key_range(prefix, self._values, *self._form.layout(partition, sort), SORT_KEY_MAX_BYTES)


def _missed(attribute: KeyAttribute) -> NoReturn:
    raise ValidationException(f"Query condition missed key schema element: {attribute.name}")


def _check_all_equal(partition: Sequence[KeyAttribute], clauses: Mapping[str, _FormClause]) -> None:
    """Of a key with several partition attributes, those without an equality are told together."""
    unequal = [key.name for key in partition if key.name not in clauses or clauses[key.name].operator != "="]
    if unequal:
        raise ValidationException(
            f"HASH key attributes {', '.join(unequal)} must have equality conditions specified in the query"
        )


def _partition_place(attribute: KeyAttribute, clauses: Mapping[str, _FormClause]) -> int:
    clause = clauses.get(attribute.name)
    if clause is None:
        _missed(attribute)
    _check_clause(attribute, clause)
    if clause.operator != "=":
        raise ValidationException("Query key condition not supported")
    return clause.first


def _check_clause(attribute: KeyAttribute, clause: _FormClause) -> None:
    if clause.operator == NOT_INDEXABLE:
        raise ValidationException("Attempted conditional constraint is not an indexable operation")
    if any(type_name != attribute.type for type_name in clause.types):
        raise ValidationException(
            "One or more parameter values were invalid: Condition parameter type does not match schema type"
        )


def _range(partition: tuple[int, ...], sort: list[str], last: str, clauses: Mapping[str, _FormClause]) -> _Layout:
    """Only the last conditioned sort attribute may carry a range, and every one before it needs an equality."""
    leading = sort[: sort.index(last)]
    unequal = [name for name in leading if name not in clauses or clauses[name].operator != "="]
    if unequal:
        raise ValidationException(
            f"RANGE key attributes {', '.join(unequal)} must have equality conditions specified in the query "
            f"because a condition is present on key attribute {last}"
        )
    equal = tuple([clauses[name].first for name in leading])
    clause = clauses[last]
    if clause.operator == "=":
        return _Layout(partition, (*equal, clause.first), None, ())
    return _Layout(partition, equal, clause.operator, tuple(range(clause.first, clause.first + len(clause.types))))


def compile_key_condition(text: str, placeholders: Placeholders) -> KeyCondition:
    """Compile a KeyConditionExpression; raise ValidationException for all that is wrong without knowing the table."""
    try:
        parsed = parsed_condition(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        template = _template(text, tuple([defined.get(alias) for alias in parsed.names]) if parsed.names else ())
        values = placeholders.values
        operands = _operands(template, values)
        types = tuple(map(_core.type_of, operands))
        form = template.forms.get(types)
        if form is None or template.compares:
            template.check(values)
    except ExpressionFault as fault:
        raise named(_KIND, fault) from None
    return KeyCondition(form or _new_form(template, types), operands)


class RepeatableKeyCondition(NamedTuple):
    """A key condition that was found good, to be had again with other values."""

    aliases: tuple[str, ...]
    types: tuple[str, ...]
    form: KeyForm

    def with_values(self, values: Mapping[str, bytes]) -> KeyCondition | None:
        """The condition with values for all of its aliases; None when it has to be compiled, since they are of other
        types."""
        operands = tuple(map(values.__getitem__, self.aliases))
        return KeyCondition(self.form, operands) if tuple(map(_core.type_of, operands)) == self.types else None


def repeatable_key_condition(text: str, placeholders: Placeholders) -> RepeatableKeyCondition | None:
    """Of a KeyConditionExpression that was compiled with these placeholders; None when it is not by the types of its
    values alone that it was found good."""
    parsed = parsed_condition(text)
    template = _template(text, tuple(map(placeholders.names.get, parsed.names)))
    types = tuple(map(_core.type_of, _operands(template, placeholders.values)))
    form = template.forms.get(types)
    return None if form is None or template.compares else RepeatableKeyCondition(template.aliases, types, form)


def _operands(template: _Template, values: Values) -> tuple[bytes, ...]:
    try:
        return tuple(map(values.__getitem__, template.aliases))
    except KeyError:
        template.check(values)
        raise  # not reached: an alias without a value is refused


def _new_form(template: _Template, types: tuple[str, ...]) -> KeyForm:
    """The form of a condition that was found good with operands of these types."""
    if template.refusal is not None:
        raise ValidationException(template.refusal)
    left = iter(types)
    form = KeyForm(
        (clause.name, clause.operator, tuple(islice(left, len(clause.operands)))) for clause in template.clauses
    )
    if len(template.forms) >= _FORMS_MAX:
        template.forms.clear()
    template.forms[types] = form
    return form


class _ClauseTemplate(NamedTuple):
    name: str
    operator: str
    operands: tuple[str, ...]
    """Aliases of values."""


_FORMS_MAX: Final = 64
"""Remembered of one text: hardly a text is used with operands of more than one type."""


class _Template:
    """A key condition bound to names, not yet to values."""

    __slots__ = ("aliases", "check", "clauses", "compares", "forms", "refusal")

    def __init__(self, check: PredicateMaker, clauses: Sequence[_ClauseTemplate], refusal: str | None = None) -> None:
        self.check = check
        """Raises what is wrong with the expression as with any condition; its predicate is not needed."""
        self.clauses = clauses
        self.refusal = refusal
        """What makes it no key condition, to be said after ``check``."""
        self.aliases = tuple(alias for clause in clauses for alias in clause.operands)
        self.compares = any(clause.operator == "BETWEEN" for clause in clauses)
        """Whether ``check`` looks at more of the operands than their types."""
        self.forms: dict[tuple[str, ...], KeyForm] = {}
        """By types of operands that ``check`` lets pass."""


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _template(text: str, names: tuple[str | None, ...]) -> _Template:
    parsed = parsed_condition(text)
    resolved = dict(zip(parsed.names, names, strict=True))
    check = predicate_maker(parsed.root, resolved)
    try:
        return _Template(check, tuple(_clauses(parsed.root, resolved).values()))
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
