"""The examples work: each one's tests, as its reader would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pytest.ini"))
# By its module, so that the package need not be installed.
PLUGIN = ("-p", "no:ddbengine", "-p", "ddbengine.pytest_plugin")


def test_there_are_examples() -> None:
    assert {path.name for path in EXAMPLES} >= {"outbox", "single_table", "url_shortener"}
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if f"{path.name}/" not in listed] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.name))
def test_the_tests_of_an_example_pass(path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *PLUGIN]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
