"""What some tests need besides Python.  Where it is missing they are skipped with the reason; in CI they fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program."""
    return shutil.which(name) or missing(f"{name} is not installed")


def npm_package(directory: Path, name: str) -> Path:
    """The directory of a package that ``npm ci`` has put under ``directory``."""
    package = directory / "node_modules" / name
    return package if package.is_dir() else missing(f"{name} is not installed: run npm ci in {directory}")


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something, or fail it where CI=true promises that all is there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and in CI nothing may be missing", pytrace=False)
    pytest.skip(reason)
