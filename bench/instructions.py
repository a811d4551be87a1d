"""How many instructions the core and the plans of the commonest requests take: the guard against slow regressions.

    python -m bench.instructions [--update]

Counted by valgrind's callgrind, so that the figures are the same on a busy machine and an idle one; they hold for one
minor version of Python.  Compared with ``instructions.json``, which --update writes anew: whoever makes something cost
more does it knowingly, and whoever makes it cost less keeps it so.

The measured calls run in a process under valgrind, between calls of getppid, at each of which callgrind writes down
what was executed since the one before.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from ddbengine import _core

REFERENCE = Path(__file__).parent / "instructions.json"
TOLERANCE = 0.1
"""Another compiler or C library moves a figure by a few hundredths; a change worth asking about by more."""
WARM_UPS = 30
"""Calls before those that count: Python specialises its code after a few, and caches fill."""
COUNTED = 20
TIMEOUT_SECONDS = 300
_MARK = "getppid"
_INSIDE = "--inside"


def calls() -> dict[str, Callable[[], object]]:
    """What is measured, by name; the first one is what a call itself costs."""
    from bench import core

    measured: dict[str, Callable[[], object]] = {"nothing": lambda: None}
    measured |= {f"core: {name}": call for name, call in core.CALLS.items()}
    text = "129.95"
    measured["core: number_from_text"] = lambda: _core.number_from_text(text)
    return measured | _filters() | _requests()


def _filters() -> dict[str, Callable[[], object]]:
    from bench import core
    from ddbengine.expressions import Placeholders, compile_condition

    values = {":s": _core.encode_value({"S": "SHIPPED"}), ":n": _core.encode_value({"N": "5"})}
    texts = ("amount > :n AND contains(note, :s)", "#s = :s", "attribute_not_exists(deleted_at)")
    conditions = {text: compile_condition(text, Placeholders({"#s": "status"}, values)) for text in texts}
    return {f"filter: {text}": partial(condition.matches, core.STORED) for text, condition in conditions.items()}


def _requests() -> dict[str, Callable[[], object]]:
    """Whole requests but for HTTP, on a store in memory; each write changes its item."""
    import orjson

    from bench.workloads import QUERY_LIMIT, TABLES, WORKLOADS, item, key, load_batches
    from ddbengine.api.requests import check
    from ddbengine.engine.context import Caller
    from ddbengine.engine.opening import open_engine

    engine, caller = open_engine(None), Caller("bench", "us-east-1")

    def execute(operation: str, body: dict[str, Any]) -> bytes:
        return engine.execute(operation, check(operation, body), caller)

    found = [engine.shortcut(operation, caller) for operation in ("GetItem", "PutItem", "Query")]
    lookups, puts, queries = [shortcut.answer for shortcut in found if shortcut is not None]
    for table in TABLES:
        execute("CreateTable", table)
    batches = list(load_batches())
    for batch in [batch for batch in batches if "bench" in batch["RequestItems"]][:24] + batches[-4:]:
        execute("BatchWriteItem", batch)
    [collection] = {put["PutRequest"]["Item"]["pk"]["S"] for put in batches[-1]["RequestItems"]["collections"]}
    values = count()
    scans = {workload.title: next(workload.bodies(Random(0))) for workload in WORKLOADS if workload.operation == "Scan"}
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": collection}}}
    asked = {"TableName": "collections", "Limit": QUERY_LIMIT, **query}
    execute("Query", asked)
    assert isinstance(queries(orjson.dumps(asked)), bytes), "one that was asked before"
    update = {"UpdateExpression": "SET n = n + :i", "ExpressionAttributeValues": {":i": {"N": "1"}}}
    statement = {"Statement": 'SELECT * FROM "bench" WHERE pk = ?', "Parameters": [key(7)["pk"]]}
    return {
        "request: GetItem": partial(execute, "GetItem", {"TableName": "bench", "Key": key(7)}),
        "request: GetItem, shortcut": partial(lookups, orjson.dumps({"TableName": "bench", "Key": key(7)})),
        "request: PutItem": lambda: execute("PutItem", {"TableName": "bench", "Item": item(8, next(values))}),
        "request: PutItem, shortcut": lambda: puts(orjson.dumps({"TableName": "bench", "Item": item(8, next(values))})),
        "request: UpdateItem": partial(execute, "UpdateItem", {"TableName": "bench", "Key": key(9), **update}),
        "request: Query of 25": partial(execute, "Query", asked),
        "request: Query of 25, shortcut": partial(queries, orjson.dumps(asked)),
        "request: PartiQL by key": partial(execute, "ExecuteStatement", statement),
        **{f"request: {title}": partial(execute, "Scan", body) for title, body in scans.items()},
    }


def count_instructions() -> dict[str, int]:
    """Instructions of one call, by name.  Raise RuntimeError when valgrind cannot do it."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise RuntimeError("valgrind is not installed")
    with tempfile.TemporaryDirectory() as directory:
        command = [valgrind, "--tool=callgrind", f"--dump-before={_MARK}", "--callgrind-out-file=counted"]
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": os.getcwd(), "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(
            [*command, sys.executable, "-m", "bench.instructions", _INSIDE],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"valgrind failed: {ran.stderr[-2000:]}")
        totals = [_total(Path(directory, f"counted.{part}")) for part in range(1, 2 * len(ran.stdout.splitlines()) + 1)]
    # The parts before each measurement are its warm-up, and of the first the start of Python.
    each = dict(zip(ran.stdout.splitlines(), (total // COUNTED for total in totals[1::2]), strict=True))
    nothing = each.pop("nothing")
    return {name: total - nothing for name, total in each.items()}


def _total(part: Path) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", part.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"callgrind wrote no total into {part.name}")
    return int(found[1])


def _run_inside() -> None:
    """Make the measured calls, and print their names in the order in which they were made."""
    measured = calls()
    gc.collect()
    gc.disable()
    for name, call in measured.items():
        for _ in range(WARM_UPS):
            call()
        os.getppid()
        for _ in range(COUNTED):
            call()
        os.getppid()
        print(name)


def version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def reference() -> dict[str, int] | None:
    """The counts for this version of Python; None when there are none."""
    known: Mapping[str, dict[str, int]] = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}
    return known.get(version())


def departures(counted: Mapping[str, int], expected: Mapping[str, int]) -> dict[str, str]:
    """What takes more or fewer instructions than it should, and by how much; or is in only one of the two."""
    found = dict.fromkeys(counted.keys() ^ expected.keys(), "in only one of both")
    for name in counted.keys() & expected.keys():
        change = counted[name] / expected[name] - 1
        if abs(change) > TOLERANCE:
            found[name] = f"{expected[name]:,} before, {counted[name]:,} now ({change:+.0%})"
    return found


def main() -> None:
    if _INSIDE in sys.argv:
        _run_inside()
        return
    counted = count_instructions()
    expected = reference() or {}
    for name, total in counted.items():
        change = f"{total / expected[name] - 1:+8.1%}" if name in expected else ""
        print(f"{name:60}{total:12,}{change}")
    if "--update" in sys.argv:
        known = json.loads(REFERENCE.read_text()) if REFERENCE.exists() else {}
        REFERENCE.write_text(json.dumps(known | {version(): counted}, indent=1) + "\n")


if __name__ == "__main__":
    main()
