"""Every operation is there, and is imported no sooner than it is asked for."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import pytest

from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
from ddbengine.engine.operations import OPERATIONS
from ddbengine.errors import ApiError

CALLER = Caller("key", "us-east-1")
START = """
import sys
import ddbengine.api.requests, ddbengine.api.server
from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
engine = open_engine(None)
engine.execute("ListTables", {}, Caller("key", "us-east-1"))
engine.close()
print(*sorted(name for name in sys.modules if name.startswith("ddbengine.")))
"""


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_is_a_function_of_ours(operation: str) -> None:
    engine = open_engine(None)
    try:
        # An empty request is no checked one: it may fail, but within the operation.
        with suppress(KeyError, ApiError):
            engine.execute(operation, {}, CALLER)
    finally:
        engine.close()
    assert OPERATIONS[operation].__module__.startswith("ddbengine.engine.")
    assert OPERATIONS[operation].__module__ != "ddbengine.engine.operations"


def test_a_server_starts_without_the_operations_that_nobody_has_asked_for() -> None:
    imported = subprocess.run([sys.executable, "-c", START], check=True, capture_output=True, text=True).stdout.split()
    assert "ddbengine.engine.tables" in imported
    late = ("ddbengine.partiql", "ddbengine.expressions", "ddbengine.engine.query", "ddbengine.engine.put_item")
    assert not [name for name in imported if name.startswith(late)]
