"""The JavaScript SDK v3 works with tables, items and streams: the tests themselves are in ``javascript``."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import prerequisites
from tests.servers import Server

pytestmark = pytest.mark.clients

DIRECTORY = Path(__file__).parent / "javascript"


@pytest.mark.parametrize(
    ("file", "package", "tests"),
    [("sdk.test.mjs", "lib-dynamodb", 9), ("streams.test.mjs", "client-dynamodb-streams", 6)],
)
def test_the_javascript_sdk_passes_its_own_tests(server: Server, file: str, package: str, tests: int) -> None:
    node = prerequisites.program("node")
    prerequisites.npm_package(DIRECTORY, f"@aws-sdk/{package}")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", file],
        cwd=DIRECTORY,
        env={"PATH": os.environ["PATH"], "DDBENGINE_URL": server.url},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"# pass {tests}\n" in done.stdout
