"""Which records a consumer is interested in: Lambda's event filter patterns over records in Lambda's event shape.

A record is a tree; what a pattern looks at are its leaves.  A value in an array counts as any one of them, and fields
below an array have to match in one and the same element.  Two consequences that AWS documents: ``exists`` works on
leaves only (``{"NewImage": {"a": {"S": [{"exists": true}]}}}``, not ``{"NewImage": {"a": [...]}}``), and ``numeric``
never matches an attribute of type N, since DynamoDB JSON has numbers as strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ddbengine.consumer.patterns import Absent, Fields, Leaf, Path, parse

__all__ = ["Accept", "accept_all", "compile_filters", "matches"]

Accept = Callable[[Mapping[str, Any]], bool]
"""Whether a record in Lambda's event shape is wanted."""


def accept_all(record: Mapping[str, Any]) -> bool:
    return True


def compile_filters(patterns: Sequence[str | Mapping[str, Any]]) -> Accept:
    """What Lambda does with a FilterCriteria of these patterns: a record is wanted if one of them matches, and every
    record is if there are none.  Raise BadPattern."""
    trees = [parse(pattern) for pattern in patterns]
    if not trees:
        return accept_all
    return lambda record: any(matches(tree, record) for tree in trees)


def matches(tree: Fields, record: Mapping[str, Any]) -> bool:
    """Whether a record is as a parsed pattern says."""
    return _matches(tree, record, record)


def _matches(tree: Fields | Leaf, value: Any, record: Mapping[str, Any]) -> bool:
    if isinstance(tree, Leaf):
        return _leaf_matches(tree, value, record)
    if isinstance(value, list) and value:
        return any(_matches(tree, element, record) for element in value)
    members = value if isinstance(value, Mapping) else {}
    return all(_matches(child, members.get(name, _NOTHING), record) for name, child in tree.fields) and all(
        any(_matches(branch, value, record) for branch in choice.branches) for choice in tree.choices
    )


_NOTHING: Mapping[str, Any] = {}
"""What is found where nothing is: it has no leaves and no fields."""


def _leaf_matches(leaf: Leaf, value: Any, record: Mapping[str, Any]) -> bool:
    actual = list(_leaves(value))
    for alternative in leaf.alternatives:
        if isinstance(alternative, Absent):
            if not _exists(leaf.path, record):
                return True
        elif any(alternative(one) for one in actual):
            return True
    return False


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif not isinstance(value, Mapping):
        yield value


def _exists(path: Path, value: Any) -> bool:
    """Whether there is a leaf at the path, in any element of the arrays on the way."""
    if isinstance(value, list):
        return any(_exists(path, element) for element in value)
    if not path:
        return not isinstance(value, Mapping)
    return isinstance(value, Mapping) and path[0] in value and _exists(path[1:], value[path[0]])
