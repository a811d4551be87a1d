"""What README.md and docs/embedded.md show of the library runs as it stands there."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import ddbengine

ROOT = Path(__file__).parents[2]
EMBEDDED = (ROOT / "docs" / "embedded.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Inside a Python program")[2]


def first_program(text: str) -> str:
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("text", [EMBEDDED, README], ids=["docs/embedded.md", "README.md"])
def test_the_first_program_runs(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(first_program(text), "program", "exec"), names)
    with pytest.raises(ddbengine.exceptions.StoreClosed):
        names["engine"].list_tables()


def test_every_option_of_open_is_in_the_table() -> None:
    table = EMBEDDED.partition("## Options of `open`")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert documented == set(inspect.signature(ddbengine.open).parameters)
