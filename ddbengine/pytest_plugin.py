"""Fixtures for tests of programs that use DynamoDB; pytest loads this wherever the package is installed.

Nothing of the engine is imported before a test asks for it.  See docs/embedded.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ddbengine.embedded.engine import Engine
    from ddbengine.embedded.serving import LocalServer

MARKER = "dynamodb_tables"
INI = "dynamodb_tables"
OPTIONS = "dynamodb_options"
"""The name of a marker, and of an ini option."""
_STRINGS = {"region", "access_key_id", "s3_directory"}
_OF_REPLICAS = {"replica_lag_ms", "min_replicas"}
"""Options that say nothing of a store in memory."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(INI, "schema files of the tables that the `dynamodb` fixtures begin with", type="paths", default=[])
    parser.addini(
        OPTIONS,
        "options of ddbengine.open for the `dynamodb` fixtures, each NAME=VALUE, such as gsi_lag_ms=50",
        type="linelist",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*schema_files): the tables that the `dynamodb` fixtures begin with in this test, in place of those "
        "that the option names; relative to the test's file",
    )
    config.addinivalue_line(
        "markers",
        f"{OPTIONS}(**options): options of ddbengine.open for the `dynamodb` fixtures in this test, such as "
        "partitions=4; besides those of the ini option, or in their place",
    )


@pytest.fixture(scope="session")
def dynamodb_prepare() -> Callable[[Engine], object] | None:
    """To be overridden: a function that is given each engine that tests' engines are forked from, once its tables are
    there, to put items into it."""
    return None


@pytest.fixture(scope="session")
def _dynamodb_templates(dynamodb_prepare: Callable[[Engine], object] | None) -> Iterator[_Templates]:
    templates = _Templates(dynamodb_prepare)
    yield templates
    templates.close()


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest, _dynamodb_templates: _Templates) -> Iterator[Engine]:
    """A ``ddbengine.Engine`` in memory of this test's own, with the tables of its schema files.

    All regions and access keys see the same tables, so that it does not matter which the program under test has.
    """
    options = _options(request)
    with _dynamodb_templates.of(_schema_files(request), options).engine.fork() as engine:
        engine.faults = options.get("faults")
        yield engine


@pytest.fixture
def dynamodb_tables(request: pytest.FixtureRequest, _dynamodb_templates: _Templates, dynamodb: Engine) -> list[str]:
    """The names of the tables that the schema files gave to ``dynamodb``."""
    paths = _schema_files(request)
    if not paths:
        raise pytest.UsageError(
            f"dynamodb_tables: no schema file is named, neither by @pytest.mark.{MARKER} nor by the option {INI}"
        )
    return list(_dynamodb_templates.of(paths, _options(request)).tables)


@pytest.fixture
def dynamodb_client(dynamodb: Engine) -> Iterator[Any]:
    """A boto3 client that ``dynamodb`` answers in the process."""
    client = dynamodb.client()
    yield client
    client.close()


@pytest.fixture
def dynamodb_resource(dynamodb: Engine) -> Iterator[Any]:
    """A boto3 resource that ``dynamodb`` answers in the process."""
    resource = dynamodb.resource()
    yield resource
    resource.meta.client.close()


@pytest.fixture
def dynamodb_server(dynamodb: Engine) -> Iterator[LocalServer]:
    """``dynamodb`` on a port of this machine: ``endpoint_url``, ``port``, and ``environment``, the variables with which
    AWS SDKs find it."""
    with dynamodb.serve() as server:
        yield server


def _schema_files(request: pytest.FixtureRequest) -> tuple[Path, ...]:
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        return tuple(request.config.getini(INI))
    return tuple((request.path.parent / name).resolve() for name in marker.args)


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What ``ddbengine.open`` is to be given for this test; UsageError for what it cannot be given."""
    from ddbengine.options import NUMBERS, check

    options = dict(_option_of_ini(line) for line in request.config.getini(OPTIONS))
    for marker in reversed(list(request.node.iter_markers(OPTIONS))):
        options |= marker.kwargs
    known = {"faults"} | _STRINGS | (NUMBERS.keys() - _OF_REPLICAS)
    for name in options:
        if name not in known:
            raise pytest.UsageError(f"{OPTIONS}: there is no {name!r}, but {', '.join(sorted(known))}")
    try:
        check(options)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTIONS}: {error}") from None
    return options


def _option_of_ini(line: str) -> tuple[str, Any]:
    from ddbengine.options import NUMBERS

    name, equals, value = map(str.strip, line.partition("="))
    if not equals:
        raise pytest.UsageError(f"{OPTIONS}: {line!r} is not NAME=VALUE")
    number = NUMBERS.get(name)
    try:
        return name, value if number is None else number.of(value)
    except ValueError as error:
        raise pytest.UsageError(f"{OPTIONS}: {name} is {error}") from None


class _Template:
    """An engine that tests' engines are forked from, and its tables."""

    def __init__(
        self, paths: tuple[Path, ...], options: Mapping[str, Any], prepare: Callable[[Engine], object] | None
    ) -> None:
        import ddbengine

        self.engine = ddbengine.open(shared=True, **options)
        try:
            self.tables = [name for path in paths for name in self.engine.create_tables(path)]
            if prepare is not None:
                prepare(self.engine)
        except BaseException:
            self.engine.close()
            raise


class _Templates:
    """A template for each set of schema files and options that a test has asked for, made when the first one does."""

    def __init__(self, prepare: Callable[[Engine], object] | None) -> None:
        self._prepare = prepare
        self._templates: dict[tuple[Any, ...], _Template] = {}

    def of(self, paths: tuple[Path, ...], options: Mapping[str, Any]) -> _Template:
        # What befalls requests is for the tests, not for what prepares them.
        lasting = {name: value for name, value in options.items() if name != "faults"}
        wanted = (paths, *sorted(lasting.items()))
        if wanted not in self._templates:
            self._templates[wanted] = _Template(paths, lasting, self._prepare)
        return self._templates[wanted]

    def close(self) -> None:
        for template in self._templates.values():
            template.engine.close()
