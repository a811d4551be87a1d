"""What a value has to keep, compiled from the service model: lengths, ranges, patterns, enums, required members.

Every constrained shape becomes a rule with two walks over a value.  The quick one is a predicate, often
a bare C function, that valid requests pay for; the telling one yields each violation in the order the
service's older layer tells them.  The two agree on every value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ddbengine import limits
from ddbengine._core import Lengths
from ddbengine.api.echo import lower_first
from ddbengine.api.model import Model, Shape

__all__ = ["NOT_NULL", "Adjustments", "Bounds", "Compiler", "Holds", "Path", "Rule", "Violation"]

Holds = Callable[[Any], object]
"""A predicate over a coerced value: truthy when the constraints hold."""

Bounds = tuple[int | None, int | None]
"""Least and greatest; None is unbounded."""

NOT_NULL = "Member must not be null"
_NAME_PATTERN = "[a-zA-Z0-9_.-]+"


class Path(NamedTuple):
    """Where a value stands, as the older layer spells it and as the newer one does."""

    older: str
    newer: str

    def member(self, name: str) -> Path:
        if not self.older:
            return Path(lower_first(name), name)
        return Path(f"{self.older}.{lower_first(name)}", f"{self.newer}.{name}")

    def element(self, key: str | int) -> Path:
        return Path(f"{self.older}.{key}.member", f"{self.newer}.{key}.member")


class Violation(NamedTuple):
    """One constraint that does not hold; value is None when the member is absent."""

    path: Path
    value: Any
    shape: str
    constraint: str


@dataclass(frozen=True, slots=True)
class Adjustments:
    """Where the service differs from its published model, for all operations alike."""

    enums: Mapping[str, tuple[str, ...]]
    """Shape name to the members in the order of the message."""
    orders: Mapping[str, tuple[str, ...]]
    """Structure name to the order its members are checked in; members left out follow in the model's order."""
    lengths: Mapping[str, Bounds]
    """Shape name to its lengths."""
    length_before_pattern: frozenset[str]
    """Names of the shapes whose length is told first; elsewhere it is the pattern."""
    nothing_required: frozenset[str]
    """Names of the structures whose absent members the operation itself refuses, in words of its own."""


GOOD_NAMES_MAX = 1_000
"""Of each operation, to be remembered."""


# --- single constraints --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Constraint:
    holds: Holds
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value has to keep: quickly, and in words."""

    holds: Holds
    violations: Callable[[Any, Path], Iterator[Violation]]


def _lengths(minimum: int | None, maximum: int | None) -> Iterator[_Constraint]:
    if minimum:
        yield _Constraint(Lengths(minimum), f"Member must have length greater than or equal to {minimum}")
    if maximum is not None:
        yield _Constraint(Lengths(0, maximum), f"Member must have length less than or equal to {maximum}")


def _ranges(shape: Shape) -> Iterator[_Constraint]:
    if shape.minimum is not None:
        yield _Constraint(
            partial(operator.le, shape.minimum), f"Member must have value greater than or equal to {shape.minimum}"
        )
    if shape.maximum is not None:
        yield _Constraint(
            partial(operator.ge, shape.maximum), f"Member must have value less than or equal to {shape.maximum}"
        )


# Java spellings that Python's re has others for.
_JAVA_SPELLINGS = {
    r"\p{Print}": r"[\x20-\x7e]",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}


def _pattern(pattern: str, maximum: int | None) -> _Constraint:
    """Longer text than allowed is not matched: its length is fault enough, and matching could take for ever.  Where one
    character is allowed, that is no danger (FACTS 5.16, Delimiter)."""
    spelled = pattern
    for java, python in _JAVA_SPELLINGS.items():
        spelled = spelled.replace(java, python)
    match = re.compile(spelled, re.ASCII).fullmatch
    text = f"Member must satisfy regular expression pattern: {pattern}"
    if maximum in (None, 1) or pattern == _NAME_PATTERN:
        return _Constraint(match, text)
    longest = maximum or 0
    return _Constraint(lambda value: len(value) > longest or match(value), text)


def _enum(members: tuple[str, ...]) -> _Constraint:
    return _Constraint(frozenset(members).__contains__, f"Member must satisfy enum value set: [{', '.join(members)}]")


def _leaf(shape: str, constraints: tuple[_Constraint, ...], holds: Holds | None = None) -> Rule:
    def violations(value: Any, path: Path) -> Iterator[Violation]:
        for constraint in constraints:
            if not constraint.holds(value):
                yield Violation(path, value, shape, constraint.text)

    return Rule(_all_of(constraints) if holds is None else holds, violations)


def _all_of(constraints: tuple[_Constraint, ...]) -> Holds:
    if len(constraints) == 1:
        return constraints[0].holds
    if len(constraints) == 2:
        first, second = constraints[0].holds, constraints[1].holds
        if isinstance(first, Lengths) and isinstance(second, Lengths) and first.most is None:
            return Lengths(max(first.least, second.least), second.most)
        return lambda value: first(value) and second(value)
    return lambda value: all(constraint.holds(value) for constraint in constraints)


def _table_name(shape: str, minimum: int) -> Rule:
    """A table's name, or its ARN wherever a name may stand.

    On the data plane, where the least length is 1, an empty name breaks the length alone (FACTS 3.3).
    """
    maximum = limits.TABLE_NAME_MAX_CHARACTERS
    arn_max = limits.TABLE_ARN_MAX_CHARACTERS
    fast = re.compile(f"[a-zA-Z0-9_.-]{{{minimum},{maximum}}}|arn:.{{0,{arn_max - 4}}}", re.DOTALL).fullmatch
    characters = re.compile("[a-zA-Z0-9_.-]" + ("*" if minimum == 1 else "+")).fullmatch
    of_name = (
        *_lengths(minimum, maximum),
        _Constraint(characters, f"Member must satisfy regular expression pattern: {_NAME_PATTERN}"),
    )
    name_rule = _leaf(shape, of_name)
    arn_rule = _leaf(shape, tuple(_lengths(None, arn_max)))

    def violations(value: str, path: Path) -> Iterator[Violation]:
        rule = arn_rule if value.startswith("arn:") else name_rule
        return rule.violations(value, path)

    return Rule(_GoodNames(fast).__getitem__, violations)


class _GoodNames(dict[str, bool]):
    """Table names that were found to be good: each request has one, mostly one of few."""

    def __init__(self, holds: Holds) -> None:
        super().__init__()
        self._holds = holds

    def __missing__(self, name: str) -> bool:
        if not self._holds(name):
            return False
        if len(self) < GOOD_NAMES_MAX:
            self[name] = True
        return True


# --- from the model to rules ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compiler:
    """Makes the rules of one operation; a shape without constraints anywhere below it has none."""

    model: Model
    adjustments: Adjustments
    lengths: Mapping[str, Bounds]
    """By dotted path of members: what holds in this operation only."""
    table_name_min: int

    def rule(self, name: str, route: str) -> Rule | None:
        """``route`` is the dotted path of members from the request to here."""
        shape = self.model.shapes[name]
        if name == "AttributeValue":
            return None
        if route.rpartition(".")[2] == "TableName" and name == "TableArn":
            return _table_name(name, self.table_name_min)
        if shape.type == "structure":
            return self._structure(shape, route)
        own = tuple(self._own(shape, route))
        if shape.type == "list":
            return _list_rule(shape, own, self.rule(shape.element, route))
        if shape.type == "map":
            return self._map(shape, own, route)
        return _leaf(name, own) if own else None

    def _own(self, shape: Shape, route: str) -> Iterator[_Constraint]:
        """The constraints of a value itself, in the older layer's order."""
        if shape.enum:
            yield _enum(self.adjustments.enums.get(shape.name, shape.enum))
        if shape.type in ("integer", "long", "double"):
            yield from _ranges(shape)
            return
        model_lengths = (shape.minimum, shape.maximum)
        lengths = self.lengths.get(route) or self.adjustments.lengths.get(shape.name, model_lengths)
        constraints = list(_lengths(*lengths))
        if shape.pattern is not None:
            position = len(constraints) if shape.name in self.adjustments.length_before_pattern else 0
            constraints.insert(position, _pattern(shape.pattern, lengths[1]))
        yield from constraints

    def ordered(self, shape: Shape, order: Iterable[str]) -> list[str]:
        first = [member for member in order if member in shape.members]
        return first + [member for member in shape.members if member not in first]

    def _structure(self, shape: Shape, route: str) -> Rule | None:
        rules = {
            member: self.rule(shape.members[member], f"{route}.{member}" if route else member)
            for member in self.ordered(shape, self.adjustments.orders.get(shape.name, ()))
        }
        required = () if shape.name in self.adjustments.nothing_required else shape.required
        rules = {member: rule for member, rule in rules.items() if rule is not None or member in required}
        return _structure_rule(shape, rules, frozenset(required)) if rules else None

    def _map(self, shape: Shape, own: tuple[_Constraint, ...], route: str) -> Rule | None:
        key = self.model.shapes[shape.key]
        entry = self.rule(shape.value, route)
        value = self.model.shapes[shape.value]
        whole = (*own, *_key_constraints(key), *_value_constraints(value))
        if value.type == "list":
            # Its lengths are the map's constraint; what is inside is still its own.
            entry = _list_rule(value, (), self.rule(value.element, route))
        return _map_rule(shape, whole, entry)


def _key_constraints(key: Shape) -> Iterator[_Constraint]:
    """Only table names are constrained as keys: the least is 3 here, on the data plane too (FACTS 3.3)."""
    if key.name != "TableArn":
        return
    minimum, maximum = limits.TABLE_NAME_MIN_CHARACTERS, limits.TABLE_NAME_MAX_CHARACTERS
    holds = _table_name(key.name, minimum).holds
    yield _Constraint(
        lambda value: all(map(holds, value)),
        f"Map keys must satisfy constraint: [Member must have length less than or equal to {maximum}, "
        f"Member must have length greater than or equal to {minimum}, "
        f"Member must satisfy regular expression pattern: {_NAME_PATTERN}]",
    )


def _value_constraints(value: Shape) -> Iterator[_Constraint]:
    """The lengths of lists in a map are told of the map."""
    if value.type != "list":
        return
    constraints = tuple(_lengths(value.minimum, value.maximum))
    if not constraints:
        return
    texts = ", ".join(constraint.text for constraint in reversed(constraints))
    yield _Constraint(
        lambda entries: all(constraint.holds(entry) for entry in entries.values() for constraint in constraints),
        f"Map value must satisfy constraint: [{texts}]",
    )


def _structure_rule(shape: Shape, rules: Mapping[str, Rule | None], required: frozenset[str]) -> Rule:
    predicates = {member: rule.holds for member, rule in rules.items() if rule is not None}

    def holds(value: dict[str, Any]) -> bool:
        if required and not required <= value.keys():
            return False
        for member, content in value.items():
            predicate = predicates.get(member)
            if predicate is not None and not predicate(content):
                return False
        return True

    def violations(value: dict[str, Any], path: Path) -> Iterator[Violation]:
        for member, rule in rules.items():
            content = value.get(member)
            if content is not None:
                if rule is not None:
                    yield from rule.violations(content, path.member(member))
            elif member in required:
                yield Violation(path.member(member), None, shape.members[member], NOT_NULL)

    return Rule(holds, violations)


def _list_rule(shape: Shape, own: tuple[_Constraint, ...], entry: Rule | None) -> Rule | None:
    whole = _leaf(shape.name, own)
    if entry is None:
        return whole if own else None
    element = entry

    def holds(value: list[Any]) -> bool:
        return bool(whole.holds(value)) and all(map(element.holds, value))

    def violations(value: list[Any], path: Path) -> Iterator[Violation]:
        yield from whole.violations(value, path)
        for position, content in enumerate(value, 1):
            yield from element.violations(content, path.element(position))

    return Rule(holds, violations)


def _map_rule(shape: Shape, own: tuple[_Constraint, ...], entry: Rule | None) -> Rule | None:
    whole = _leaf(shape.name, own)
    if entry is None:
        return whole if own else None
    element = entry

    def holds(value: dict[str, Any]) -> bool:
        return bool(whole.holds(value)) and all(map(element.holds, value.values()))

    def violations(value: dict[str, Any], path: Path) -> Iterator[Violation]:
        yield from whole.violations(value, path)
        for key, content in value.items():
            yield from element.violations(content, path.element(key))

    return Rule(holds, violations)
