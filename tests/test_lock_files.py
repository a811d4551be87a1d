"""The npm lock files pin what is installed, not where from: they must work behind any mirror of the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK_FILES = (
    "bench/package-lock.json",
    "tests/clients/javascript/package-lock.json",
    "tests/differential/package-lock.json",
)


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_package_is_pinned_by_its_digest_and_by_no_address(name: str) -> None:
    packages = json.loads((ROOT / name).read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert installed
    assert [path for path, package in installed.items() if "resolved" in package] == []
    assert [path for path, package in installed.items() if not package.get("integrity", "").startswith("sha512-")] == []
