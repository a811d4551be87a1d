"""Changing a stored item at document paths.

An *edit* says what becomes of the value at one path: it is given the value there, None when there is none, and returns
the new one, None to leave nothing.  Edits of one update sit in a tree by path, so each container is taken apart once.

In a list, indexes mean positions before the update: values set past the end are appended in the order of their
indexes, and what is removed closes up afterwards (FACTS 4.4; together in one update, observed on DynamoDB Local 1.25).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ddbengine import _core
from ddbengine.errors import ValidationException
from ddbengine.limits import NESTING_MAX_LEVELS

Edit = Callable[[bytes | None], bytes | None]
EditTree = Mapping[str | int, "Edit | EditTree"]

INVALID_PATH: Final = "The document path provided in the update expression is invalid for update"
TOO_DEEP: Final = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


def edited_item(item: _core.Buffer, tree: EditTree) -> bytes:
    """The stored item after all edits; raise ValidationException where a path leads nowhere."""
    attributes = _core.split_map(item)
    _edit_entries(attributes, tree, 1)
    return _core.join_map(attributes)


def _edit_entries(entries: dict[str, bytes], tree: EditTree, depth: int) -> None:
    for name, branch in tree.items():
        if not isinstance(name, str):
            raise ValidationException(INVALID_PATH)
        value = _edited(entries.get(name), branch, depth)
        if value is not None:
            entries[name] = value
        else:
            entries.pop(name, None)


def _edited(value: bytes | None, branch: Edit | EditTree, depth: int) -> bytes | None:
    """The value at one path after the edits at it or below it; ``depth`` is the number of elements of the path."""
    if not isinstance(branch, Mapping):
        result = branch(value)
        if result is not None and depth > 1 and depth - 1 + _core.value_depth(result) > NESTING_MAX_LEVELS:
            raise ValidationException(TOO_DEEP)
        return result
    type_name = None if value is None else _core.type_of(value)
    if value is not None and type_name == "M":
        entries = _core.split_map(value)
        _edit_entries(entries, branch, depth + 1)
        return _core.join_map(entries)
    if value is not None and type_name == "L":
        return _edited_list(value, branch, depth + 1)
    raise ValidationException(INVALID_PATH)


def _edited_list(value: bytes, tree: EditTree, depth: int) -> bytes:
    elements: list[bytes | None] = list(_core.split_list(value))
    length = len(elements)
    appended: list[tuple[int, bytes]] = []
    for index, branch in tree.items():
        if not isinstance(index, int):
            raise ValidationException(INVALID_PATH)
        if index < length:
            elements[index] = _edited(elements[index], branch, depth)
        else:
            added = _edited(None, branch, depth)
            if added is not None:
                appended.append((index, added))
    kept = [element for element in elements if element is not None]
    return _core.join_list(kept + [added for _, added in sorted(appended)])
