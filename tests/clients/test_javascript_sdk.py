"""The JavaScript SDK v3 works with tables and items: the tests themselves are in ``javascript/sdk.test.mjs``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import prerequisites
from tests.servers import Server

pytestmark = pytest.mark.clients

DIRECTORY = Path(__file__).parent / "javascript"


def test_the_javascript_sdk_passes_its_own_tests(server: Server) -> None:
    node = prerequisites.program("node")
    prerequisites.npm_package(DIRECTORY, "@aws-sdk/lib-dynamodb")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", "sdk.test.mjs"],
        cwd=DIRECTORY,
        env={"PATH": os.environ["PATH"], "DDBENGINE_URL": server.url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 9\n" in done.stdout
