"""Filter patterns as text: from JSON to a tree of plain data, or a BadPattern that says what is wrong and where.

The grammar is that of EventBridge patterns, which Lambda's event source mappings use (the reference is AWS's open
source Event Ruler): an object names fields; a field holds an object that names further fields, or an array of
alternatives; an alternative is a literal (string, number, true, false, null) or an object with one comparison.

| comparison | argument |
| --- | --- |
| prefix, suffix | string, or {"equals-ignore-case": string} |
| equals-ignore-case, wildcard, cidr, exactly | string |
| anything-but | string, number, array of either, or {prefix, suffix, wildcard or equals-ignore-case: string or array} |
| numeric | [operator, number] or [">" or ">=", number, "<" or "<=", number] |
| exists | true or false |

``$or`` holds an array of two or more objects, one of which has to match.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddbengine.consumer.errors import BadPattern

__all__ = ["Absent", "Alternative", "AnyOf", "Fields", "Leaf", "Path", "Test", "parse"]

Path = tuple[str, ...]
Test = Callable[[Any], bool]
"""Whether one value of a record (string, number, boolean or null) is as an alternative says."""

OR = "$or"
_RESERVED_INSIDE_OR = frozenset(
    {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    }
)


@dataclass(frozen=True, slots=True)
class Absent:
    """The alternative {"exists": false}: nothing in the whole record is a leaf at the path."""


Alternative = Test | Absent


@dataclass(frozen=True, slots=True)
class Leaf:
    """One of the alternatives holds for one of the values at the path."""

    path: Path
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The branches of an $or."""

    branches: tuple[Fields, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """All fields match, and every $or has a branch that does."""

    fields: tuple[tuple[str, Fields | Leaf], ...]
    choices: tuple[AnyOf, ...] = ()


def parse(pattern: str | Mapping[str, Any]) -> Fields:
    """The tree of a pattern, given as JSON text or already read.  Raise BadPattern."""
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern, object_pairs_hook=_without_repetition, parse_constant=_not_json)
        except json.JSONDecodeError as error:
            raise _bad(f"It is not JSON: {error}") from None
        except RecursionError:
            raise _bad("It is nested too deeply") from None
    if not isinstance(pattern, Mapping):
        raise _bad("Filter is not an object")
    return _fields(pattern, (), frozenset(), inside_or=False)


def _bad(reason: str, path: Path = ()) -> BadPattern:
    where = f" (at {'.'.join(path)})" if path else ""
    return BadPattern(f"Invalid filter pattern definition. {reason}{where}")


def _not_json(constant: str) -> Any:
    raise _bad(f"It is not JSON: {constant} is not a number")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _bad(f"Path `{repeated}` cannot be allowed multiple times")
    return members


def _fields(members: Mapping[str, Any], path: Path, taken: frozenset[Path], *, inside_or: bool) -> Fields:
    """``taken`` are the paths to alternatives around an $or, which its branches may not name again."""
    if not members:
        raise _bad("Empty objects are not allowed", path)
    fields: list[tuple[str, Fields | Leaf]] = []
    for name, value in members.items():
        if name == OR:
            continue
        if inside_or and name in _RESERVED_INSIDE_OR:
            raise _bad(f"{name} is a reserved field name which cannot be used inside {OR}.", path)
        fields.append((name, _field(value, (*path, name), taken, inside_or)))
    if OR not in members:
        return Fields(tuple(fields))
    taken = taken.union(*(_leaf_paths(tree) for _, tree in fields))
    return Fields(tuple(fields), (_any_of(members[OR], path, taken),))


def _field(value: Any, path: Path, taken: frozenset[Path], inside_or: bool) -> Fields | Leaf:
    if isinstance(value, Mapping):
        return _fields(value, path, taken, inside_or=inside_or)
    if not isinstance(value, list | tuple):
        raise _bad(f'"{path[-1]}" must be an object or an array', path)
    if not value:
        raise _bad("Empty arrays are not allowed", path)
    if path in taken:
        raise _bad(f"Path `{'.'.join(path)}` cannot be allowed multiple times", path)
    return Leaf(path, tuple(_alternative(alternative, path) for alternative in value))


def _any_of(branches: Any, path: Path, taken: frozenset[Path]) -> AnyOf:
    if not isinstance(branches, list | tuple):
        raise _bad(f"It must be an Array followed with {OR}.", path)
    if not all(isinstance(branch, Mapping) for branch in branches):
        raise _bad(f"Only JSON object is allowed in array of {OR} relationship.", path)
    if len(branches) < 2:
        raise _bad(f"There must have at least 2 Objects in {OR} relationship.", path)
    return AnyOf(tuple(_fields(branch, path, taken, inside_or=True) for branch in branches))


def _leaf_paths(tree: Fields | Leaf) -> frozenset[Path]:
    if isinstance(tree, Leaf):
        return frozenset((tree.path,))
    branches = [branch for choice in tree.choices for branch in choice.branches]
    return frozenset().union(*(_leaf_paths(child) for child in [*(child for _, child in tree.fields), *branches]))


def _alternative(value: Any, path: Path) -> Alternative:
    if isinstance(value, Mapping):
        return _comparison(value, path)
    if value is None or isinstance(value, bool):
        return lambda actual: actual is value
    if isinstance(value, str | int | float):
        return _equal_to(value)
    raise _bad("Match value must be String, number, true, false, or null", path)


def _comparison(value: Mapping[str, Any], path: Path) -> Alternative:
    if not value:
        raise _bad("Match expression name not found", path)
    if len(value) > 1:
        raise _bad("Only one key allowed in match expression", path)
    ((name, argument),) = value.items()
    read = _COMPARISONS.get(name)
    if read is None:
        raise _bad(f"Unrecognized match type {name}", path)
    return read(argument, path)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal_to(value: str | float) -> Test:
    if isinstance(value, str):
        return lambda actual: isinstance(actual, str) and actual == value
    return lambda actual: _is_number(actual) and actual == value


def _text(argument: Any, name: str, path: Path) -> str:
    if not isinstance(argument, str):
        raise _bad(f"{name} match pattern must be a string", path)
    return argument


def _starts(text: str) -> Test:
    return lambda actual: isinstance(actual, str) and actual.startswith(text)


def _ends(text: str) -> Test:
    return lambda actual: isinstance(actual, str) and actual.endswith(text)


def _ignoring_case(text: str) -> Test:
    lower, upper = text.lower(), text.upper()
    return lambda actual: isinstance(actual, str) and (actual.lower() == lower or actual.upper() == upper)


def _affix(name: str, plain: Callable[[str], Test]) -> Callable[[Any, Path], Alternative]:
    def read(argument: Any, path: Path) -> Alternative:
        if not isinstance(argument, Mapping):
            return plain(_text(argument, name, path))
        if list(argument) != ["equals-ignore-case"]:
            raise _bad(f"Unsupported {name} pattern: {', '.join(argument)}", path)
        text = _text(argument["equals-ignore-case"], "equals-ignore-case", path)
        lower, upper = plain(text.lower()), plain(text.upper())
        return lambda actual: isinstance(actual, str) and (lower(actual.lower()) or upper(actual.upper()))

    return read


def _of_text(name: str, test: Callable[[str], Test]) -> Callable[[Any, Path], Alternative]:
    return lambda argument, path: test(_text(argument, name, path))


def _wildcard(argument: Any, path: Path) -> Test:
    expression, rest = "", _text(argument, "wildcard", path)
    while rest:
        if rest.startswith("**"):
            raise _bad(f"Consecutive wildcard characters in {argument!r}", path)
        if rest.startswith("\\") and rest[1:2] not in ("*", "\\"):
            raise _bad(f"Invalid escape character in {argument!r}: a backslash escapes * and \\ only", path)
        width = 2 if rest.startswith("\\") else 1
        expression += ".*" if rest[0] == "*" else re.escape(rest[width - 1])
        rest = rest[width:]
    matches = re.compile(expression, re.DOTALL).fullmatch
    return lambda actual: isinstance(actual, str) and matches(actual) is not None


def _cidr(argument: Any, path: Path) -> Test:
    try:
        network = ipaddress.ip_network(_text(argument, "cidr", path), strict=False)
    except ValueError as error:
        raise _bad(f"Malformed CIDR: {error}", path) from None

    def test(actual: Any) -> bool:
        try:
            return isinstance(actual, str) and ipaddress.ip_address(actual) in network
        except ValueError:
            return False

    return test


def _exists(argument: Any, path: Path) -> Alternative:
    if not isinstance(argument, bool):
        raise _bad("exists match pattern must be either true or false.", path)
    return (lambda _: True) if argument else Absent()


def _numeric(argument: Any, path: Path) -> Test:
    if not isinstance(argument, list | tuple):
        raise _bad("Value of numeric must be an array.", path)
    tests = [_bound(argument[at : at + 2], path) for at in range(0, len(argument), 2)]
    operators = argument[::2]
    if not tests:
        raise _bad("Invalid member in numeric match: ]", path)
    if len(tests) > 2 or (len(tests) == 2 and operators[0] not in (">", ">=")):
        raise _bad("Too many elements in numeric expression", path)
    if len(tests) == 2 and operators[1] not in ("<", "<="):
        raise _bad(f"Bad numeric range operator: {operators[1]}", path)
    if len(tests) == 2 and not argument[1] < argument[3]:
        raise _bad("Bottom must be less than top", path)
    return lambda actual: _is_number(actual) and all(test(actual) for test in tests)


_BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda actual, bound: actual == bound,
    "<": lambda actual, bound: actual < bound,
    "<=": lambda actual, bound: actual <= bound,
    ">": lambda actual, bound: actual > bound,
    ">=": lambda actual, bound: actual >= bound,
}


def _bound(pair: Sequence[Any], path: Path) -> Test:
    operator, number = pair[0], pair[1] if len(pair) > 1 else None
    if not isinstance(operator, str):
        raise _bad(f"Invalid member in numeric match: {json.dumps(operator)}", path)
    if operator not in _BOUNDS:
        raise _bad(f"Unrecognized numeric range operator: {operator}", path)
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise _bad(f"Value of {'equals' if operator == '=' else operator} must be numeric", path)
    holds, bound = _BOUNDS[operator], number
    return lambda actual: holds(actual, bound)


def _anything_but(argument: Any, path: Path) -> Test:
    tests = _excluded_by_comparison(argument, path) if isinstance(argument, Mapping) else _excluded(argument, path)
    return lambda actual: not any(test(actual) for test in tests)


def _excluded(argument: Any, path: Path) -> list[Test]:
    is_list = isinstance(argument, list | tuple)
    values = list(argument) if is_list else [argument]
    if not is_list and not isinstance(argument, str) and not _is_number(argument):
        raise _bad("Value of anything-but must be an array or single string/number value.", path)
    if not all(isinstance(value, str) or _is_number(value) for value in values):
        raise _bad("Inside anything but list, start|null|boolean is not supported.", path)
    if len({isinstance(value, str) for value in values}) != 1:
        reason = "either all values are number or string, mixed type is not supported"
        raise _bad(f"Inside anything but list, {reason}", path)
    return [_equal_to(value) for value in values]


def _excluded_by_comparison(argument: Mapping[str, Any], path: Path) -> list[Test]:
    if len(argument) != 1:
        raise _bad("Anything-But holds one expression name", path)
    ((name, value),) = argument.items()
    test = _EXCLUDABLE.get(name)
    if test is None:
        raise _bad(f"Unsupported anything-but pattern: {name}", path)
    values = list(value) if isinstance(value, list | tuple) else [value]
    if not values:
        raise _bad("Empty arrays are not allowed", path)
    if name in ("prefix", "suffix") and "" in values:
        raise _bad("Null prefix/suffix not allowed", path)
    return [test(_text(one, name, path), path) for one in values]


_EXCLUDABLE: dict[str, Callable[[str, Path], Test]] = {
    "prefix": lambda text, _: _starts(text),
    "suffix": lambda text, _: _ends(text),
    "equals-ignore-case": lambda text, _: _ignoring_case(text),
    "wildcard": _wildcard,
}
_COMPARISONS: dict[str, Callable[[Any, Path], Alternative]] = {
    "exactly": _of_text("exact", _equal_to),
    "prefix": _affix("prefix", _starts),
    "suffix": _affix("suffix", _ends),
    "equals-ignore-case": _of_text("equals-ignore-case", _ignoring_case),
    "wildcard": _wildcard,
    "cidr": _cidr,
    "exists": _exists,
    "numeric": _numeric,
    "anything-but": _anything_but,
}
