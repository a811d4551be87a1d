"""An import that is killed at any moment, and resumed, leaves every item in the table.

Strategy: imports of 100,000 items run as processes of their own and are killed (SIGKILL) when the state file shows
that they have come far enough, again and again; the last one comes to its end.  Invariants: what a state file says is
in the table is there after the kill; the last run leaves exactly the items of the source, the last one of each key, in
a sound store.  Not covered: a loss of power, which the tests of durability cause.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import orjson

from ddbengine.engine.bulk_scan import scan_lines
from ddbengine.engine.context import Caller
from ddbengine.engine.doctor import diagnose
from ddbengine.engine.opening import open_engine
from tests import tables
from tests.engine.whole_check import check_database
from tests.wire import N, S

ITEMS = 100_000
KEYS = 90_000
"""Every key from here on comes twice."""
KILLS = 3
POLL_SECONDS = 0.002
TIMEOUT_SECONDS = 300
LOCAL = Caller("local", "us-east-1")


def test_an_import_that_is_killed_and_resumed_leaves_every_item(tmp_path: Path) -> None:
    (tmp_path / "schema").write_text(json.dumps(tables.table("music", global_=[tables.global_index("odd", "odd")])))
    source = tmp_path / "items.json"
    with source.open("wb") as file:
        for number in range(ITEMS):
            item = {"pk": S(f"key {number % KEYS}"), "number": N(number), "odd": S(str(number % 2))}
            file.write(orjson.dumps({"Item": item}) + b"\n")
    for kill in range(1, KILLS + 1):
        recorded = killed_behind(tmp_path, ITEMS * kill // (KILLS + 2))
        held = numbers_of(tmp_path / "data")
        assert {f"key {number % KEYS}" for number in range(recorded)} <= held.keys()
        assert all(held[f"key {number}"] in (number, number + KEYS) for number in range(min(recorded, KEYS)))
    said = subprocess.run(command(tmp_path), capture_output=True, check=True, text=True, timeout=TIMEOUT_SECONDS).stderr
    assert "before that" in said
    assert numbers_of(tmp_path / "data") == {f"key {number % KEYS}": number for number in range(ITEMS)}
    assert not list(tmp_path.glob("*.import-state*"))
    assert diagnose(tmp_path / "data", [], lambda *_: None).is_clean


def command(directory: Path) -> list[str]:
    options = ["--path", str(directory / "data"), "--schema", str(directory / "schema"), "--resume"]
    return [sys.executable, "-m", "ddbengine", "import", str(directory / "items.json"), *options]


def killed_behind(directory: Path, least: int) -> int:
    """Kill an import when it has recorded that many items; return how many it had recorded by its end."""
    process = subprocess.Popen(command(directory), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        while recorded_in(directory) < least:
            assert process.poll() is None, "it was to be killed on its way"
            assert time.monotonic() < deadline
            time.sleep(POLL_SECONDS)
    finally:
        process.kill()
        process.wait()
    return recorded_in(directory)


def recorded_in(directory: Path) -> int:
    """The line of the state file; it is replaced as a whole, so that it can be read at any moment."""
    try:
        return int(json.loads((directory / "items.json.import-state").read_bytes())["line"])
    except FileNotFoundError:
        return 0


def numbers_of(path: Path) -> dict[str, int]:
    """The number of each key in the store, which is checked as a whole."""
    engine = open_engine(path)
    try:
        check_database(engine)
        pages = scan_lines(engine, LOCAL, {"TableName": "music", "ConsistentRead": True})
        items = (orjson.loads(line) for page in pages for line in page)
        return {item["pk"]["S"]: int(item["number"]["N"]) for item in items}
    finally:
        engine.close()
