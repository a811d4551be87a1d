"""What all tests share: hypothesis profiles, and one server of ours for the whole run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import recording, servers

recording.begin()

# Servers are ended with SIGINT.  A shell that starts the tests in the background has it ignored; children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """Our server, in memory.  Tests keep apart by table name, or by access key id."""
    with servers.ddbengine(tmp_path_factory.mktemp("server") / "log", "--in-memory") as running:
        yield running
