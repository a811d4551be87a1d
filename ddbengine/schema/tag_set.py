"""Tags of a resource: keys and values as the service accepts them, and how many there may be.

A key has 1 to 128 characters, a value 0 to 256: letters, digits and spaces of any script, and ``+ - = . _ : / @``.
Wording observed on us-west-2, October 2026.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from ddbengine.errors import ValidationException
from ddbengine.limits import TAG_KEY_MAX_CHARACTERS, TAG_VALUE_MAX_CHARACTERS, TAGS_MAX_PER_RESOURCE

_PUNCTUATION = frozenset("+-=._:/@")
_CATEGORIES = frozenset("LNZ")
"""First letters of the Unicode categories allowed: letters, numbers, separators."""


def checked_tags(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A Tags member as value by key; raise ValidationException."""
    checked: dict[str, str] = {}
    for tag in tags:
        key, value = check_key(tag.get("Key")), tag.get("Value")
        if value is None or len(value) > TAG_VALUE_MAX_CHARACTERS or not _is_plain(value):
            raise ValidationException(f"The Tag Value provided is invalid, Value: {_shown(value)}")
        if key in checked:
            raise ValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {key}")
        checked[key] = value
    check_count(checked)
    return checked


def check_key(key: str | None) -> str:
    """The key itself; raise ValidationException when it cannot be one or is absent."""
    if not key or len(key) > TAG_KEY_MAX_CHARACTERS or not _is_plain(key):
        raise ValidationException(f"The Tag Key provided is invalid, Key: {_shown(key)}")
    if key.lower().startswith("aws:"):
        raise ValidationException(f"Tag Key cannot be prefixed with aws:, Key: {key}")
    return key


def check_count(tags: Mapping[str, str] | Iterable[str]) -> None:
    if len(list(tags)) > TAGS_MAX_PER_RESOURCE:
        raise ValidationException("Number of Tags exceed the current limit for the provided ResourceArn")


def _shown(text: str | None) -> str:
    return "null" if text is None else text


def _is_plain(text: str) -> bool:
    return all(char in _PUNCTUATION or unicodedata.category(char)[0] in _CATEGORIES for char in text)
