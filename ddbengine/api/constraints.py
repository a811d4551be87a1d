"""The service model's constraints: required, length, range, pattern, enum (FACTS 3).

Two layers of the service word them, and both are alive (FACTS 3.1).  The *older* one echoes the value
and joins up to ten faults: ``2 validation errors detected: Value 'x' at 'select' failed to satisfy
constraint: ...; ...``.  The *newer* one echoes nothing and stops at its first fault.  Which member of
which operation is worded how, and in which order members are checked, is declared in
``constraint_tables``; this module compiles the model and such a table into one check per operation.

A valid request pays for the predicates of its own members.  Once one fails, or a required member is
absent, the request is walked again in the service's order to find out what to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from ddbengine import limits
from ddbengine.api.constraint_rules import NOT_NULL, Adjustments, Bounds, Compiler, Holds, Path, Rule, Violation
from ddbengine.api.echo import as_java
from ddbengine.api.model import Model
from ddbengine.errors import ValidationException

__all__ = ["NEWER", "Constraints", "Departure", "Rank", "Table", "compile_constraints", "compile_rules"]

Verify = Callable[[dict[str, Any]], None]
"""Returns when an operation's request keeps all constraints, else raises ValidationException."""

Echo = Callable[[Any, str, Model], str]
"""Prints the value of a shape, by name, for the older layer's message."""

NEWER = "Value at '{newer_path}' failed to satisfy constraint: {constraint}"
_OLDER = "Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
_OLDER_ABSENT = "Value null at '{path}' failed to satisfy constraint: {constraint}"
_MAX_FAULTS = 10
# Of one member: what comes later could only matter to a request nobody wrote by hand.
_MAX_VIOLATIONS_READ = 1000


# --- what is declared ----------------------------------------------------------------------------


class Rank(IntEnum):
    """Which faults keep company: those of the lowest rank present are told, all others are not."""

    ALONE = 0
    """The first such fault is the whole answer."""
    JOINED = 1
    YIELDING = 2
    """Told only when nothing else is wrong."""


@dataclass(frozen=True, slots=True)
class Departure:
    """How a member's faults are told where that is not the older, joined form."""

    when: Callable[[Violation], bool]
    rank: Rank = Rank.JOINED
    text: str = _OLDER
    """A template over path, newer_path, value and constraint."""
    bare: bool = False
    """Without ``n validation errors detected: `` before it."""


@dataclass(frozen=True, slots=True)
class Table:
    """How one operation's request is checked; the defaults are the model's."""

    order: tuple[str, ...] = ()
    departures: Mapping[str, tuple[Departure, ...]] = field(default_factory=dict)
    """Top-level member to how its faults are told; the first departure that applies counts."""
    lengths: Mapping[str, Bounds] = field(default_factory=dict)
    """Dotted path of members to lengths that hold in this operation only."""
    table_name_min: int = limits.TABLE_ARN_MIN_CHARACTERS
    required: tuple[str, ...] = ()
    """Members required beyond the model."""
    excused: Callable[[Mapping[str, Any], str], bool] | None = None
    """Whether a request may leave a required member out after all."""
    read_by_older_layer: Callable[[Mapping[str, Any]], bool] | None = None
    """Requests that the older layer answers entirely: no departures."""
    left_to_engine: Callable[[Mapping[str, Any]], bool] | None = None
    """Requests refused for another reason first, once the departures that stand alone are told."""
    echo: Echo = as_java


# --- what is said --------------------------------------------------------------------------------


class _Fault(NamedTuple):
    rank: Rank
    text: str
    bare: bool


@dataclass(frozen=True, slots=True)
class _Teller:
    """Words the violations of one operation's request."""

    model: Model
    table: Table

    def raise_for(self, request: Mapping[str, Any], found: Iterator[tuple[str, Violation]]) -> None:
        """Raise what the service would say of these violations; return when they are all excused."""
        table = self.table
        older_only = table.read_by_older_layer is not None and table.read_by_older_layer(request)
        ranked: dict[Rank, list[tuple[Violation, Departure | None]]] = {Rank.JOINED: [], Rank.YIELDING: []}
        for member, violation in found:
            if violation.value is None and table.excused is not None and table.excused(request, member):
                continue
            departure = None if older_only else self._departure(member, violation)
            rank = Rank.JOINED if departure is None else departure.rank
            if rank is Rank.ALONE:
                self._refuse([(violation, departure)])
            if len(ranked[rank]) < _MAX_FAULTS:
                ranked[rank].append((violation, departure))
        if table.left_to_engine is not None and table.left_to_engine(request):
            return
        told = ranked[Rank.JOINED] or ranked[Rank.YIELDING]
        if told:
            self._refuse(told)

    def _departure(self, member: str, violation: Violation) -> Departure | None:
        for departure in self.table.departures.get(member, ()):
            if departure.when(violation):
                return departure
        return None

    def _refuse(self, told: list[tuple[Violation, Departure | None]]) -> NoReturn:
        first = told[0][1]
        if first is not None and first.bare:
            raise ValidationException(self._words(*told[0]))
        plural = "s" if len(told) > 1 else ""
        joined = "; ".join(self._words(violation, departure) for violation, departure in told)
        raise ValidationException(f"{len(told)} validation error{plural} detected: {joined}")

    def _words(self, violation: Violation, departure: Departure | None) -> str:
        template = _OLDER if departure is None else departure.text
        if template is _OLDER and violation.value is None:
            template = _OLDER_ABSENT
        value = self.table.echo(violation.value, violation.shape, self.model) if "{value}" in template else ""
        path = violation.path
        return template.format(path=path.older, newer_path=path.newer, value=value, constraint=violation.constraint)


# --- one check per operation ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constraints:
    """What an operation's request has to keep."""

    verify: Verify
    holds: dict[str, Holds]
    """The predicate of each member that has one ..."""
    required: tuple[str, ...]
    """... and the members that have to be there: a request that keeps these is one that ``verify`` lets pass."""


def compile_rules(model: Model, operation: str, table: Table, adjustments: Adjustments) -> dict[str, Rule | None]:
    """The rule of each top-level member in the order they are told, None for a member without constraints."""
    shape = model.input(operation)
    compiler = Compiler(model, adjustments, table.lengths, table.table_name_min)
    return {member: compiler.rule(shape.members[member], member) for member in compiler.ordered(shape, table.order)}


def compile_constraints(model: Model, operation: str, table: Table, adjustments: Adjustments) -> Constraints:
    """The constraints of an operation's coerced request; KeyError when the model has no such operation."""
    shape = model.input(operation)
    rules = compile_rules(model, operation, table, adjustments)
    predicates = {member: rule.holds for member, rule in rules.items() if rule is not None}
    required = (*shape.required, *table.required)
    find = predicates.get
    teller = _Teller(model, table)
    root = Path("", "")

    def found(request: Mapping[str, Any]) -> Iterator[tuple[str, Violation]]:
        for member, rule in rules.items():
            content = request.get(member)
            if content is not None:
                if rule is not None:
                    violations = rule.violations(content, root.member(member))
                    for violation in islice(violations, _MAX_VIOLATIONS_READ):
                        yield member, violation
            elif member in required:
                yield member, Violation(root.member(member), None, shape.members[member], NOT_NULL)

    def verify(request: dict[str, Any]) -> None:
        for member in required:
            if member not in request:
                teller.raise_for(request, found(request))
                break
        for member, content in request.items():
            holds = find(member)
            if holds is not None and not holds(content):
                teller.raise_for(request, found(request))
                return

    return Constraints(verify, predicates, required)
