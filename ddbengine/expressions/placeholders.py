"""ExpressionAttributeNames and ExpressionAttributeValues of one request, and which of them its expressions use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any, Final, NoReturn

from ddbengine.errors import ValidationException
from ddbengine.expressions.hash_order import in_hash_order
from ddbengine.limits import EXPRESSION_ALIAS_MAX_CHARACTERS

_NAME_KEY: Final = re.compile(r"#[0-9a-zA-Z_]+")
_VALUE_KEY: Final = re.compile(r":[0-9a-zA-Z_]+")
_NOTHING: Final[Mapping[str, Any]] = {}


class Placeholders:
    """What aliases stand for.  Compiling an expression against it marks the aliases that the expression uses."""

    __slots__ = ("_used", "names", "values")

    def __init__(self, names: Mapping[str, str] | None, values: Mapping[str, bytes] | None) -> None:
        self.names: Mapping[str, str] = names or _NOTHING
        self.values: Mapping[str, bytes] = values or _NOTHING
        self._used: Set[str] | None = None

    def use(self, aliases: Set[str]) -> None:
        self._used = aliases if self._used is None else self._used | aliases

    def check_unused(self) -> None:
        """Raise ValidationException when there are expressions and none uses an alias; names come before values
        (FACTS 3.5).  Where nothing was compiled nothing is unused: only transactions get that far (FACTS 5.8)."""
        used = self._used
        if used is None:
            return
        if not self.names.keys() <= used:
            _refuse_unused("ExpressionAttributeNames", self.names, used)
        if not self.values.keys() <= used:
            _refuse_unused("ExpressionAttributeValues", self.values, used)


def _refuse_unused(member: str, defined: Mapping[str, Any], used: Set[str]) -> NoReturn:
    unused = [alias for alias in defined if alias not in used]
    listed = ", ".join(in_hash_order(unused))
    raise ValidationException(f"Value provided in {member} unused in expressions: keys: {{{listed}}}")


def check_placeholder_names(names: Mapping[str, str]) -> None:
    """Refuse an empty map, a key that is not ``#`` and letters, digits or ``_`` or too long, and an empty attribute
    name (FACTS 4.1)."""
    _check_keys("ExpressionAttributeNames", names, _NAME_KEY, echo_size=True)
    for alias, name in names.items():
        if not name:
            raise ValidationException(
                f"ExpressionAttributeNames contains invalid value: Empty attribute name for key {alias}"
            )


def check_placeholder_values(values: Mapping[str, Any]) -> None:
    """Refuse an empty map, or a key that is not ``:`` and letters, digits or ``_`` or too long (FACTS 4.1)."""
    _check_keys("ExpressionAttributeValues", values, _VALUE_KEY, echo_size=False)


def _check_keys(member: str, entries: Mapping[str, Any], spelling: re.Pattern[str], echo_size: bool) -> None:
    if not entries:
        raise ValidationException(f"{member} must not be empty")
    for key in entries:
        if len(key) > EXPRESSION_ALIAS_MAX_CHARACTERS:
            size = f" size of key: {len(key.encode())}" if echo_size else ""
            raise ValidationException(
                f"{member} contains invalid key: The expression attribute map contains a key that is too long;{size}"
            )
        if spelling.fullmatch(key) is None:
            raise ValidationException(f'{member} contains invalid key: Syntax error; key: "{key}"')
