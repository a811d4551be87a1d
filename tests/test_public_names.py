"""What ``import ddbengine`` gives, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ddbengine


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has after a statement."""
    command = [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_the_public_names_are_there() -> None:
    assert {name for name in ddbengine.__all__ if not hasattr(ddbengine, name)} == set()
    assert ddbengine.open.__module__ == ddbengine.Engine.__module__
    with pytest.raises(AttributeError, match="no_such_name"):
        ddbengine.no_such_name  # noqa: B018


def test_importing_the_package_loads_nothing_else() -> None:
    assert {name for name in loaded_by("import ddbengine") if name.startswith("ddbengine.")} == set()


def test_using_an_engine_does_not_load_what_only_clients_servers_or_coroutines_need() -> None:
    loaded = loaded_by("import ddbengine; engine = ddbengine.open(); engine.list_tables(); engine.close()")
    assert loaded & {"botocore", "boto3", "aiohttp", "uvloop", "httptools", "ddbengine.api.server"} == set()
