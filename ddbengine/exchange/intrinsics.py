"""The values of a CloudFormation template: functions such as ``Ref`` and ``Fn::Sub``, worked out without an account.

Parameters have the values given for them, or their defaults.  ``Ref`` of a resource is its logical id, since nothing is
deployed.  A function that needs the cloud (``Fn::ImportValue``, ``Fn::GetAtt``) is an UnknownValue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["NO_VALUE", "Template", "UnknownValue"]

NO_VALUE = object()
"""What ``Ref: AWS::NoValue`` comes to: whatever has it is left out."""

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::URLSuffix": "amazonaws.com",
}
_LIST_TYPES = frozenset({"CommaDelimitedList", "List<Number>"})
_SUBSTITUTED = re.compile(r"\$\{(!?)([^}]*)\}")
_INDEX_MAX_DIGITS = 9
_DEEPEST = 100
"""Levels of values within values; only a condition that needs itself comes here."""


class UnknownValue(Exception):
    """A value of the template cannot be known here; the message says why, and what to do about it."""


class Template:
    """What the values of a template can refer to."""

    def __init__(self, document: Mapping[str, Any], given: Mapping[str, str]) -> None:
        """``given`` are values of parameters and pseudo parameters that go before the defaults."""
        self._parameters = _section(document, "Parameters")
        self._conditions = _section(document, "Conditions")
        self._mappings = _section(document, "Mappings")
        self._resources = _section(document, "Resources")
        self._given = given
        self._depth = 0

    def value(self, raw: Any) -> Any:
        """A value with all functions in it worked out; raise UnknownValue."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                raise UnknownValue("its values refer to each other without end")
            return self._value(raw)
        finally:
            self._depth -= 1

    def condition(self, name: str) -> bool:
        """Whether a named condition holds; raise UnknownValue."""
        if name not in self._conditions:
            raise UnknownValue(f"there is no condition {name!r}")
        return self._holds(self._conditions[name])

    def _value(self, raw: Any) -> Any:
        if isinstance(raw, list):
            return [value for value in map(self.value, raw) if value is not NO_VALUE]
        if not isinstance(raw, dict):
            return raw
        if len(raw) == 1:
            [(name, argument)] = raw.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                raise UnknownValue(f"{name} cannot be worked out here; put a plain value in its place")
        values = {name: self.value(member) for name, member in raw.items()}
        return {name: value for name, value in values.items() if value is not NO_VALUE}

    def text(self, raw: Any) -> str:
        value = self.value(raw)
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, (str, int, float)):
            raise UnknownValue(f"text is needed, not {raw!r}")
        return str(value)

    # --- functions ----------------------------------------------------------------------------------------------------

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise UnknownValue(f"Ref takes a name, not {name!r}")
        if name in self._given:
            return self._of_type(name, self._given[name])
        if name in self._parameters:
            declared = self._parameters[name]
            if not isinstance(declared, dict) or "Default" not in declared:
                raise UnknownValue(f"parameter {name!r} has no default, and was not given a value")
            return self._of_type(name, declared["Default"])
        if name in _PSEUDO_PARAMETERS:
            return _PSEUDO_PARAMETERS[name]
        if name in self._resources:
            return name
        if name.startswith("AWS::"):
            raise UnknownValue(f"{name} is not known here, and was not given a value")
        raise UnknownValue(f"there is no parameter or resource {name!r}")

    def _of_type(self, name: str, value: Any) -> Any:
        declared = self._parameters.get(name)
        if isinstance(declared, dict) and declared.get("Type") in _LIST_TYPES and isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        return value

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        if not isinstance(text, str) or not isinstance(own, dict):
            raise UnknownValue(f"Fn::Sub takes a text, or a text and a map, not {argument!r}")

        def replacement(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            name = name.strip()
            if name in own:
                return self.text(own[name])
            if "." in name:
                raise UnknownValue(f"${{{name}}} is an attribute of a resource that is not deployed")
            return self.text({"Ref": name})

        return _SUBSTITUTED.sub(replacement, text)

    def _join(self, argument: Any) -> str:
        separator, parts = self._arguments("Fn::Join", argument, 2)
        return self.text(separator).join(map(self.text, self._list("Fn::Join", parts)))

    def _split(self, argument: Any) -> list[str]:
        separator, text = self._arguments("Fn::Split", argument, 2)
        between = self.text(separator)
        if not between:
            raise UnknownValue("Fn::Split has nothing to split at")
        return self.text(text).split(between)

    def _select(self, argument: Any) -> Any:
        position, values = self._arguments("Fn::Select", argument, 2)
        candidates, number = self._list("Fn::Select", values), self.text(position)
        is_index = number.isascii() and number.isdigit() and len(number) <= _INDEX_MAX_DIGITS
        if not is_index or int(number) >= len(candidates):
            raise UnknownValue(f"Fn::Select has no element {number}")
        return self.value(candidates[int(number)])

    def _find_in_map(self, argument: Any) -> Any:
        found: Any = self._mappings
        for key in map(self.text, self._arguments("Fn::FindInMap", argument, 3)):
            if not isinstance(found, dict) or key not in found:
                raise UnknownValue(f"Fn::FindInMap finds no {key!r}")
            found = found[key]
        return self.value(found)

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = self._arguments("Fn::If", argument, 3)
        return self.value(then if self.condition(str(name)) else otherwise)

    def _holds(self, raw: Any) -> bool:
        held = self.value(raw)
        if not isinstance(held, bool):
            raise UnknownValue(f"a condition is needed, not {raw!r}")
        return held

    def _equals(self, argument: Any) -> bool:
        first, second = self._arguments("Fn::Equals", argument, 2)
        return self.text(first) == self.text(second)

    def _and(self, argument: Any) -> bool:
        return all(map(self._holds, self._list("Fn::And", argument)))

    def _or(self, argument: Any) -> bool:
        return any(map(self._holds, self._list("Fn::Or", argument)))

    def _not(self, argument: Any) -> bool:
        return not self._holds(self._arguments("Fn::Not", argument, 1)[0])

    def _condition(self, name: Any) -> Any:
        # Also an ordinary member's name, as in a policy; there its value is no text.
        return self.condition(name) if isinstance(name, str) else {"Condition": self.value(name)}

    def _arguments(self, function: str, argument: Any, count: int) -> list[Any]:
        if not isinstance(argument, list) or len(argument) != count:
            raise UnknownValue(f"{function} takes a list of {count}, not {argument!r}")
        return argument

    def _list(self, function: str, raw: Any) -> list[Any]:
        value = raw if isinstance(raw, list) else self.value(raw)
        if not isinstance(value, list):
            raise UnknownValue(f"{function} takes a list, not {raw!r}")
        return value


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise UnknownValue(f"{name} is not a map")
    return section


_FUNCTIONS: Mapping[str, Callable[[Template, Any], Any]] = {
    "Condition": Template._condition,
    "Fn::And": Template._and,
    "Fn::Equals": Template._equals,
    "Fn::FindInMap": Template._find_in_map,
    "Fn::If": Template._if,
    "Fn::Join": Template._join,
    "Fn::Not": Template._not,
    "Fn::Or": Template._or,
    "Fn::Select": Template._select,
    "Fn::Split": Template._split,
    "Fn::Sub": Template._sub,
    "Ref": Template._ref,
}
