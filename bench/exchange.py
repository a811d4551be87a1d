"""Items a second that come into a table and out of it, beside boto3's batch_writer and Scan on the same server.

    python -m bench.exchange [--items 100000]

Items have ten attributes and about 160 bytes by the accounting of the service.  Stores on disk have three replicas, and
every commit is synced on two of them.  The server of the endpoint is in memory and in a process of its own, as is each
command of the command line, whose time is its own from start to end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import orjson

from ddbengine.engine.bulk_load import load
from ddbengine.engine.bulk_scan import scan_all
from ddbengine.engine.context import Caller
from ddbengine.engine.opening import open_engine
from tests import servers, tables

CALLER = Caller("local", "us-east-1")
TABLE = tables.table("bench")
CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}

Figures = Iterator[tuple[str, float]]
"""What was measured, and items a second."""


def item_of(number: int) -> dict[str, Any]:
    """In DynamoDB JSON."""
    texts = {f"attribute{position}": {"S": f"value {number} {position}"} for position in range(6)}
    rest = {"number": {"N": str(number)}, "flag": {"BOOL": True}, "list": {"L": [{"N": "1"}]}}
    return {"pk": {"S": f"user#{number:07}"}, **texts, **rest}


def python_item_of(number: int) -> dict[str, Any]:
    """The same as boto3's resource takes it."""
    texts = {f"attribute{position}": f"value {number} {position}" for position in range(6)}
    return {"pk": f"user#{number:07}", **texts, "number": number, "flag": True, "list": [1]}


def measure(items: int, directory: Path) -> Figures:
    """All figures, as they are measured."""
    source = directory / "items.json"
    with source.open("wb") as file:
        file.writelines(orjson.dumps({"Item": item_of(number)}) + b"\n" for number in range(items))
    yield from _of_the_library(items, None, "in memory")
    yield from _of_the_library(items, directory / "library", "on disk")
    yield from _of_the_commands(items, directory)
    yield from _of_an_endpoint(items, directory)


def _of_the_library(items: int, path: Path | None, where: str) -> Figures:
    rows = list(map(item_of, range(items)))
    engine = open_engine(path)
    try:
        engine.execute("CreateTable", TABLE, CALLER)
        yield f"load, {where}", _rate(items, lambda: load(engine, CALLER, "bench", rows))
        yield f"scan_all, {where}", _rate(items, lambda: _count(scan_all(engine, CALLER, {"TableName": "bench"})))
    finally:
        engine.close()


def _of_the_commands(items: int, directory: Path) -> Figures:
    schema = directory / "schema"
    schema.write_bytes(orjson.dumps(TABLE))
    at = ["--path", str(directory / "data")]
    words = ["import", str(directory / "items.json"), *at, "--schema", str(schema)]
    yield "ddbengine import, on disk", _rate(items, lambda: _command(words))
    for name in ("out.json", "out.json.gz", "out.json.zst"):
        words = ["export", str(directory / name), *at, "--table", "bench"]
        yield f"ddbengine export, {name}", _rate(items, lambda words=words: _command(words))  # type: ignore[misc]


def _of_an_endpoint(items: int, directory: Path) -> Figures:
    with servers.ddbengine(directory / "log", "--in-memory") as server:
        dynamodb = boto3.resource("dynamodb", endpoint_url=server.url, **CREDENTIALS)
        dynamodb.create_table(**TABLE)
        table = dynamodb.Table("bench")
        yield "boto3 batch_writer, to a server", _rate(items, lambda: _write(table, items))
        pages = dynamodb.meta.client.get_paginator("scan")
        rows = (item for page in pages.paginate(TableName="bench") for item in page["Items"])
        yield "boto3 scan paginator, from a server", _rate(items, lambda: _count(rows))
        at = ["--endpoint-url", server.url, "--table", "bench", "--access-key-id", "local", "--region", "us-east-1"]
        words = ["import", str(directory / "items.json"), *at]
        yield "ddbengine import, to a server", _rate(items, lambda: _command(words))
        export = ["export", str(directory / "served.json"), *at]
        yield "ddbengine export, from a server", _rate(items, lambda: _command(export))
        dynamodb.meta.client.close()


def _write(table: Any, items: int) -> None:
    with table.batch_writer() as batch:
        for number in range(items):
            batch.put_item(Item=python_item_of(number))


def _count(rows: Iterator[Any]) -> int:
    return sum(1 for _ in rows)


def _command(words: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "ddbengine", *words, "--quiet"], check=True)


def _rate(items: int, act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return items / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    arguments = parser.parse_args()
    print(f"{'':40}{'items/s':>12}")
    with tempfile.TemporaryDirectory() as directory:
        for what, rate in measure(arguments.items, Path(directory)):
            print(f"{what:40}{rate:>12,.0f}", flush=True)


if __name__ == "__main__":
    main()
