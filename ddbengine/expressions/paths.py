"""Document paths: resolving aliases, writing them in messages, and paths that must not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ddbengine.expressions.faults import ExpressionFault, undefined_name
from ddbengine.expressions.hash_order import TABLE_MIN_BUCKETS, bucket, string_hash
from ddbengine.expressions.syntax import PathOperand
from ddbengine.limits import NESTING_MAX_LEVELS

Path = tuple[str | int, ...]
Names = Mapping[str, str | None]
"""What each ``#alias`` of an expression stands for; None when it is not defined."""


def resolve_path(operand: PathOperand, names: Names) -> Path:
    """The path with its aliases replaced; raise ExpressionFault for an undefined alias or too many levels."""
    elements: list[str | int] = []
    for element in operand.elements:
        if isinstance(element, str) and element[0] == "#":
            name = names[element]
            if name is None:
                raise undefined_name(element)
            elements.append(name)
        else:
            elements.append(element)
    if len(elements) > NESTING_MAX_LEVELS:
        raise ExpressionFault(f"The document path has too many nesting levels; nesting levels: {len(elements)}")
    return tuple(elements)


def written(path: Path) -> str:
    """A path as messages show it: ``[a, b, [0]]``."""
    return "[" + ", ".join(element if isinstance(element, str) else f"[{element}]" for element in path) + "]"


class PathTree:
    """Paths that stay clear of each other, as nested dicts (a ``_core.Tree``)."""

    def __init__(self) -> None:
        self.tree: dict[Any, Any] = {}
        self._later: list[Path] = []

    def add(self, path: Path) -> None:
        """Add a path, the last of the expression first; raise ExpressionFault if it overlaps or conflicts."""
        node = self.tree
        for depth, element in enumerate(path):
            if node and isinstance(next(iter(node)), str) != isinstance(element, str):
                raise self._clash("conflict", path, depth)
            if depth == len(path) - 1:
                if element in node:
                    raise self._clash("overlap", path, depth)
                node[element] = None
            else:
                node = node.setdefault(element, {})
                if node is None:
                    raise self._clash("overlap", path, depth)
        self._later.append(path)

    def _clash(self, kind: str, path: Path, depth: int) -> ExpressionFault:
        other = _first_listed([later for later in self._later if later[:depth] == path[:depth]], depth)
        return ExpressionFault(
            f"Two document paths {kind} with each other; must remove or rewrite one of these paths; "
            f"path one: {written(path)}, path two: {written(other)}"
        )


def _first_listed(paths: Sequence[Path], depth: int) -> Path:
    """The path that the service names as the second.

    It keeps the paths that follow the offending one in a tree of hash tables, and names the first below the node where
    they meet, which need not be the one that overlaps: ``a, b, a`` reports [a] and [b].  (Observed on DynamoDB Local
    1.25; the recorded answers of the service agree since about 2019.)
    """
    while len(paths) > 1:
        here = dict.fromkeys(path[depth] for path in paths)
        first = min(here, key=element_bucket)
        paths = [path for path in paths if path[depth] == first]
        depth += 1
    return paths[0]


# Fitted to the order in which DynamoDB Local lists 150 names and indexes; its low four bits and its size matter.
_HASH_OFFSET: Final = 0x20AE


def element_bucket(element: str | int) -> int:
    """Where the service's tables of path elements keep an element; in one bucket, what came first is first."""
    hashed = string_hash(element) if isinstance(element, str) else element
    return bucket((_HASH_OFFSET - hashed) & 0xFFFFFFFF, TABLE_MIN_BUCKETS)
