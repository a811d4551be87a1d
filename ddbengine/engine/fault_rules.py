"""The rules of faults on demand as a person writes them: read from JSON, and refused with a sentence that helps.

See docs/faults.md for what each member means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ddbengine.engine.operations import OPERATIONS

ERRORS = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "InternalServerError",
    "ExpiredIteratorException",
    "TrimmedDataAccessException",
    "LimitExceededException",
)
BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
LATENCY_MAX_SECONDS = 3600.0

_CONDITIONS = frozenset({"operation", "table", "probability", "every", "first"})
_DECISIVE = ("error", "unprocessed", "drop")
_MEMBERS = _CONDITIONS.union(_DECISIVE, ("message", "latency"))
_JSON_STARTS = ("{", "[")


class BadFaultRules(ValueError):
    """Rules that cannot be used; args[0] tells a person what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests, and what befalls them.  At least one of latency, error, unprocessed and drop is set."""

    operations: frozenset[str] | None = None
    """None for all."""
    tables: frozenset[str] | None = None
    """None for all, and for requests that name no table."""
    probability: float = 1.0
    every: int = 1
    first: int | None = None
    latency: tuple[float, float] = (0.0, 0.0)
    """The shortest and the longest, in seconds."""
    error: str | None = None
    message: str | None = None
    unprocessed: float | None = None
    """The share of a batch that is left undone, over 0 to 1."""
    drop: str | None = None
    """``before`` or ``after``."""

    @property
    def is_decisive(self) -> bool:
        """Whether it does more than take time."""
        return self.error is not None or self.unprocessed is not None or self.drop is not None


@dataclass(frozen=True, slots=True)
class FaultRules:
    seed: int | str
    rules: tuple[Rule, ...]


def read_fault_rules(text: str) -> FaultRules:
    """The rules that a text holds, or the file that it names; raise BadFaultRules."""
    source = "faults"
    if not text.lstrip().startswith(_JSON_STARTS):
        source = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise BadFaultRules(f"cannot read the faults in {source}: {reason}") from error
    try:
        members = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFaultRules(f"{source}: not JSON: {error}") from error
    return fault_rules(members)


def fault_rules(members: object) -> FaultRules:
    """The rules of decoded JSON: ``{"seed": ..., "rules": [...]}``, or the list of rules; raise BadFaultRules."""
    if isinstance(members, list):
        members = {"rules": members}
    if not isinstance(members, dict):
        raise BadFaultRules("faults: an object with rules, or a list of rules, is needed")
    _refuse_unknown(members, {"seed", "rules"}, "faults")
    seed = members.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int | str):
        raise BadFaultRules(f"faults: seed is a whole number or a text, not {_shown(seed)}")
    rules = members.get("rules")
    if not isinstance(rules, list) or not rules:
        raise BadFaultRules("faults: rules is a list of at least one rule")
    return FaultRules(seed, tuple(_rule(rule, f"faults: rule {place}") for place, rule in enumerate(rules, 1)))


def _rule(members: object, where: str) -> Rule:
    if not isinstance(members, dict):
        raise BadFaultRules(f"{where}: an object is needed, not {_shown(members)}")
    _refuse_unknown(members, _MEMBERS, where)
    effects = [effect for effect in _DECISIVE if effect in members]
    if len(effects) > 1:
        raise BadFaultRules(f"{where}: {effects[0]} and {effects[1]} cannot both happen; make two rules of it")
    if not effects and "latency" not in members:
        raise BadFaultRules(f"{where}: says no effect: error, unprocessed, drop or latency")
    if "message" in members and "error" not in members:
        raise BadFaultRules(f"{where}: a message needs an error that carries it")
    return Rule(
        operations=_operations(members, where),
        tables=_names(members, "table", where),
        probability=_share(members, "probability", where) or 1.0,
        every=_count(members, "every", where) or 1,
        first=_count(members, "first", where),
        latency=_latency(members, where),
        error=_choice(members, "error", ERRORS, where),
        message=_text(members, "message", where),
        unprocessed=_share(members, "unprocessed", where),
        drop=_choice(members, "drop", ("before", "after"), where),
    )


def _operations(members: Mapping[str, Any], where: str) -> frozenset[str] | None:
    operations = _names(members, "operation", where)
    for operation in sorted(operations or ()):
        if operation not in OPERATIONS:
            raise BadFaultRules(f"{where}: there is no operation {operation}")
    if "unprocessed" in members:
        operations = BATCHES if operations is None else operations
        for operation in sorted(operations - BATCHES):
            raise BadFaultRules(f"{where}: {operation} leaves nothing unprocessed, only {_listed(sorted(BATCHES))} do")
    return operations


def _names(members: Mapping[str, Any], member: str, where: str) -> frozenset[str] | None:
    if member not in members:
        return None
    names = members[member]
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise BadFaultRules(f"{where}: {member} is a name or a list of names, not {_shown(members[member])}")
    return frozenset(names)


def _count(members: Mapping[str, Any], member: str, where: str) -> int | None:
    if member not in members:
        return None
    count = members[member]
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise BadFaultRules(f"{where}: {member} is a whole number from 1, not {_shown(count)}")
    return count


def _share(members: Mapping[str, Any], member: str, where: str) -> float | None:
    if member not in members:
        return None
    share = members[member]
    if not _is_number(share) or not 0 < share <= 1:
        raise BadFaultRules(f"{where}: {member} is a number over 0 and up to 1, not {_shown(share)}")
    return float(share)


def _latency(members: Mapping[str, Any], where: str) -> tuple[float, float]:
    if "latency" not in members:
        return 0.0, 0.0
    given = members["latency"]
    span = given if isinstance(given, list) else [given, given]
    if len(span) != 2 or not all(_is_number(bound) for bound in span):
        raise BadFaultRules(f"{where}: latency is seconds or a list of the least and the most, not {_shown(given)}")
    shortest, longest = span
    if not 0 <= shortest <= longest <= LATENCY_MAX_SECONDS:
        raise BadFaultRules(
            f"{where}: latency goes up from 0 to at most {LATENCY_MAX_SECONDS:g} seconds, not {_shown(given)}"
        )
    return float(shortest), float(longest)


def _choice(members: Mapping[str, Any], member: str, choices: tuple[str, ...], where: str) -> str | None:
    if member not in members:
        return None
    choice = members[member]
    if choice not in choices:
        raise BadFaultRules(f"{where}: {member} is one of {_listed(choices)}, not {_shown(choice)}")
    return str(choice)


def _text(members: Mapping[str, Any], member: str, where: str) -> str | None:
    text = members.get(member)
    if member in members and not isinstance(text, str):
        raise BadFaultRules(f"{where}: {member} is a text, not {_shown(text)}")
    return text


def _refuse_unknown(members: Mapping[str, Any], known: frozenset[str] | set[str], where: str) -> None:
    for member in members:
        if member not in known:
            raise BadFaultRules(f"{where}: no such member as {member}; there are {_listed(sorted(known))}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _shown(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return repr(value)
