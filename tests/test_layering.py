"""The shape of the package: who may import whom (docs/design.md), and how large things may grow.

Reads the sources as syntax trees, so an import inside a function or under TYPE_CHECKING counts like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ddbengine"
ALL_ROOMS = (
    {"commands", "embedded", "exchange", "api", "engine", "expressions", "partiql", "schema", "indexes", "streams"}
    | {"storage", "_core", "consumer"}
    | {"errors", "limits", "options", "exceptions"}
)

ALLOWED: dict[str, set[str]] = {
    "_core": set(),
    "errors": set(),
    "limits": set(),
    "options": {"limits"},
    "storage": {"_core"},
    "schema": {"storage", "_core", "errors", "limits"},
    "expressions": {"storage", "_core", "errors", "limits"},
    "partiql": {"expressions", "storage", "_core", "errors", "limits"},
    "indexes": {"storage", "_core", "errors", "limits"},
    "streams": {"storage", "_core", "errors", "limits"},
    "engine": {"partiql", "expressions", "schema", "indexes", "streams", "storage", "_core", "errors", "limits"},
    "api": {"engine", "partiql", "expressions", "schema", "indexes", "streams", "storage", "_core", "errors", "limits"},
    "exchange": {"api", "engine", "schema", "storage", "_core", "errors", "limits"},
    "commands": {"exchange", "engine", "schema", "storage", "_core", "errors", "limits", "consumer"},
    # A client of any DynamoDB: it knows nothing of the engine.
    "consumer": set(),
    "embedded": {"exceptions", "exchange", "api", "engine", "storage", "_core", "errors", "limits", "options"},
    "exceptions": {"exchange", "api", "engine", "storage"},
    # The doors: the public names of the package, the command line, and the fixtures of other people's tests.
    "__init__": ALL_ROOMS,
    "pytest_plugin": {"embedded", "options"},
    "__main__": ALL_ROOMS,
}
"""What each room may import, besides itself.  The rule is api -> engine -> {expressions, schema, indexes, streams} ->
storage -> _core, with errors and limits open to all but storage and _core."""

SIDEWAYS = {
    ("indexes", "schema"): "an index is kept as its IndexSchema says",
    ("streams", "consumer"): "ddbengine.streams.Consumer is the consumer's public name, imported when asked for",
}
"""Exceptions that the table in docs/design.md implies, each with its reason."""

FILE_MAX_LINES = 700
FUNCTION_MAX_LINES = 70

MODULES = sorted(PACKAGE.rglob("*.py")) + sorted(PACKAGE.rglob("*.pyi"))
SOURCES = sorted(path for pattern in ("*.py", "*.pyi", "*.pyx", "*.pxd") for path in PACKAGE.rglob(pattern))


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].split(".")[0]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def rooms_imported(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(room, line) of each import from the package; the bare package counts as the room of each imported name."""
    here = ("ddbengine", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = list(here[: len(here) - node.level + 1]) if node.level else []
            base = above + (node.module.split(".") if node.module else [])
            targets = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in targets:
            if parts[0] == "ddbengine" and len(parts) > 1 and parts[1] in ALL_ROOMS:
                yield parts[1], node.lineno


def faults_of_layering(path: Path, tree: ast.Module) -> list[str]:
    room = room_of(path)
    return [
        f"{name_of(path)}:{line} imports {imported}"
        for imported, line in rooms_imported(path, tree)
        if imported != room and imported not in ALLOWED[room] and (room, imported) not in SIDEWAYS
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_the_rooms_below_it(path: Path) -> None:
    assert room_of(path) in ALLOWED, "a new room needs a line in ALLOWED and in docs/design.md"
    assert faults_of_layering(path, tree_of(path)) == []


@pytest.mark.parametrize(
    ("room", "statement", "allowed"),
    [
        ("storage", "from ddbengine.storage.store import Plan", True),
        ("storage", "from ddbengine import _core", True),
        ("storage", "from ddbengine import errors", False),
        ("storage", "from ddbengine.limits import ITEM_MAX_BYTES", False),
        ("storage", "def f():\n    import ddbengine.engine.engine", False),
        ("storage", "from .. import schema", False),
        ("storage", "from ..engine import context", False),
        ("storage", "from .store import Plan", True),
        ("schema", "from ddbengine.errors import ValidationError", True),
        ("schema", "from ddbengine.indexes import entries", False),
        ("expressions", "from ddbengine.schema.table import TableSchema", False),
        ("engine", "from ddbengine.api import server", False),
        ("api", "from ddbengine.engine.engine import Engine", True),
    ],
)
def test_the_check_of_imports_sees_every_form_of_import(room: str, statement: str, allowed: bool) -> None:
    faults = faults_of_layering(PACKAGE / room / "example.py", ast.parse(statement))
    assert (faults == []) is allowed


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_function_is_longer_than_seventy_lines(path: Path) -> None:
    lengths = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: length for name, length in lengths.items() if length > FUNCTION_MAX_LINES} == {}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_is_longer_than_seven_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_MAX_LINES
