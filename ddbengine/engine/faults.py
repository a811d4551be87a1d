"""Faults on demand: which of a test's requests fail, and how (docs/faults.md).

Nothing here does anything to a request.  Rules, counters and seeded chance decide what is to befall it; the engine
raises the errors and leaves parts of batches undone (``engine.struck``), the API delays answers and drops connections.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ddbengine.engine.fault_rules import FaultRules, Rule


@dataclass(frozen=True, slots=True)
class Strike:
    """What befalls one request."""

    latency: float = 0.0
    """Seconds before it is begun."""
    error: str | None = None
    """The name of the error it is answered with."""
    message: str | None = None
    """That error's message, None for the service's own."""
    unprocessed: float | None = None
    """The share of a batch that is left undone."""
    drop: str | None = None
    """``before`` or ``after`` it takes effect the connection is dropped."""


class Faults:
    """Rules at work.  Safe from many threads; the same requests in the same order fare the same."""

    def __init__(self, rules: FaultRules) -> None:
        self.rules = rules
        self._lock = threading.Lock()
        # A source of chance for each rule: that one matches more often leaves the others' draws as they were.
        self._rules = [_Counted(rule, Random(f"{rules.seed}/{place}")) for place, rule in enumerate(rules.rules)]

    def strike(self, operation: str, request: Mapping[str, Any]) -> Strike | None:
        """What is to befall a checked request; None for nothing.

        Latencies add up; of all else the first rule that applies decides.
        """
        tables = tables_of(request)
        with self._lock:
            struck = [counted for counted in self._rules if counted.strikes(operation, tables)]
            if not struck:
                return None
            latency = sum(counted.latency() for counted in struck)
        decisive = next((counted.rule for counted in struck if counted.rule.is_decisive), None)
        if decisive is None:
            return Strike(latency)
        return Strike(latency, decisive.error, decisive.message, decisive.unprocessed, decisive.drop)


class _Counted:
    """A rule, how many requests have matched it, and its chance."""

    __slots__ = ("_chance", "_matched", "rule")

    def __init__(self, rule: Rule, chance: Random) -> None:
        self.rule = rule
        self._chance = chance
        self._matched = 0

    def strikes(self, operation: str, tables: Iterable[str]) -> bool:
        rule = self.rule
        if rule.operations is not None and operation not in rule.operations:
            return False
        if rule.tables is not None and rule.tables.isdisjoint(tables):
            return False
        self._matched += 1
        # Drawn for every match, so that `every` and `first` do not shift what chance has in store for later ones.
        lucky = rule.probability < 1.0 and self._chance.random() >= rule.probability
        if rule.first is not None and self._matched > rule.first:
            return False
        return self._matched % rule.every == 0 and not lucky

    def latency(self) -> float:
        shortest, longest = self.rule.latency
        return shortest if shortest == longest else self._chance.uniform(shortest, longest)


def tables_of(request: Mapping[str, Any]) -> set[str]:
    """The plain names of the tables that a checked request names, in a member or a statement, by name or by ARN."""
    named: list[str] = []
    if "TableName" in request:
        named.append(request["TableName"])
    named += request.get("RequestItems", ())
    for action in request.get("TransactItems", ()):
        named += [members["TableName"] for members in action.values() if "TableName" in members]
    if "Statement" in request:
        named += _tables_of_statement(request["Statement"])
    for member in ("Statements", "TransactStatements"):
        for statement in request.get(member, ()):
            named += _tables_of_statement(statement["Statement"])
    return {_plain_name(name) for name in named}


def _tables_of_statement(text: str) -> list[str]:
    """The table of a statement; none of one that is wrong, which is the client's to be told."""
    from ddbengine.partiql import Exists, StatementFault, compile_statement  # a server starts without it

    try:
        body = compile_statement(text).body
    except StatementFault:
        return []
    return [body.select.table_name if isinstance(body, Exists) else body.table_name]


def _plain_name(name: str) -> str:
    return name.partition(":table/")[2].partition("/")[0] if name.startswith("arn:") else name
