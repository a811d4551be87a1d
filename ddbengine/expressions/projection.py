"""Projections: which document paths of an item are returned (FACTS 4.5)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ddbengine import _core
from ddbengine.expressions.caching import CACHED_TEXTS_MAX
from ddbengine.expressions.checks import aliases_of, check_path, check_text
from ddbengine.expressions.faults import ExpressionFault, named
from ddbengine.expressions.parser import parse_projection
from ddbengine.expressions.paths import Path, PathTree, resolve_path
from ddbengine.expressions.placeholders import Placeholders
from ddbengine.expressions.syntax import PathOperand


class Projection:
    """Document paths that do not overlap.  Keys are not added: an item keeps what the paths name and nothing else."""

    __slots__ = ("_names", "paths", "tree")

    def __init__(self, paths: tuple[Path, ...], tree: _core.Tree) -> None:
        self.paths = paths
        self.tree = tree
        only_names = all(len(path) == 1 for path in paths)
        self._names = frozenset(str(path[0]) for path in paths) if only_names else None

    def of(self, item: _core.Buffer) -> bytes:
        """The stored item cut down to the projection; an empty item when nothing matches."""
        if self._names is not None:
            return _core.pick(item, self._names)
        return _core.project(item, self.tree)


def compile_projection(text: str, placeholders: Placeholders) -> Projection:
    """Compile a ProjectionExpression; raise ValidationException."""
    try:
        parsed = _parsed(text)
        placeholders.use(parsed.aliases)
        defined = placeholders.names
        return _projection(text, tuple([defined.get(alias) for alias in parsed.names]))
    except ExpressionFault as fault:
        raise named("ProjectionExpression", fault) from None


class _Parsed(NamedTuple):
    paths: tuple[PathOperand, ...]
    names: tuple[str, ...]
    aliases: frozenset[str]


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _parsed(text: str) -> _Parsed:
    check_text(text)
    paths = parse_projection(text)
    for path in paths:
        check_path(path)
    names, _ = aliases_of(paths)
    return _Parsed(paths, names, frozenset(names))


@lru_cache(maxsize=CACHED_TEXTS_MAX)
def _projection(text: str, names: tuple[str | None, ...]) -> Projection:
    parsed = _parsed(text)
    resolved = dict(zip(parsed.names, names, strict=True))
    paths: list[Path] = []
    tree = PathTree()
    for operand in reversed(parsed.paths):  # the service reports the last fault first
        path = resolve_path(operand, resolved)
        tree.add(path)
        paths.append(path)
    return Projection(tuple(reversed(paths)), tree.tree)
