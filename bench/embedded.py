"""What the engine costs inside a program: calls, boto3 clients, and test suites, beside moto and DynamoDB Local.

    python -m bench.embedded [--calls 10000] [--tests 500] [--moto-python PYTHON] [--local PACKAGE]

Calls are medians in microseconds, of 10-attribute items in memory.  Suites are seconds of a whole pytest run in which
each test has two tables of its own.  moto is measured by the interpreter given (by default this one, if it has moto);
DynamoDB Local needs Java, and its npm package, by default the one that ``python -m bench`` installs.  What is not
there is left out, and said so.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3

import ddbengine
from bench import boto_calls, suites
from bench.targets import MODULES
from tests.servers import DYNAMODB_LOCAL_PACKAGE, dynamodb_local_command, free_port, start

Figures = dict[str, float]


def engine_calls(calls: int) -> Figures:
    with ddbengine.open() as engine:
        return boto_calls.measure(engine, calls)


def awaited_calls(calls: int) -> Figures:
    """With one turn of an event loop for each call."""
    loop = asyncio.new_event_loop()

    class Awaiting:
        def __getattr__(self, name: str) -> Any:
            method = getattr(engine.aio, name)
            return lambda **request: loop.run_until_complete(method(**request))

    try:
        with ddbengine.open() as engine:
            return boto_calls.measure(Awaiting(), calls)
    finally:
        loop.close()


def client_calls(calls: int) -> Figures:
    with ddbengine.open() as engine:
        return boto_calls.measure(engine.client(), calls)


def server_calls(calls: int) -> Figures:
    with ddbengine.open(shared=True) as engine, engine.serve() as server:
        client = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=server.endpoint_url,
            aws_access_key_id="bench",
            aws_secret_access_key="none",
        )
        figures = boto_calls.measure(client, calls)
        client.close()
        return figures


def moto_calls(python: str, calls: int) -> Figures:
    command = [python, "-I", str(Path(boto_calls.__file__)), str(calls)]
    environment = suites.ENVIRONMENT
    figures: Figures = json.loads(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    return figures


def local_suite(package: Path, directory: Path, tests: int) -> float:
    """With one server for all tests, started before; each test creates its tables and deletes them."""
    directory.mkdir()
    port = free_port()
    server = start(dynamodb_local_command(package, port), directory / "log", port, directory)
    try:
        return suites.seconds(directory / "suite", suites.SERVER % f"http://127.0.0.1:{port}", tests)
    finally:
        server.kill()


def _print_calls(name: str, figures: Figures) -> None:
    print(f"{name:<42}{figures['GetItem']:>10.1f}{figures['PutItem']:>10.1f}")


def print_calls(calls: int, moto: str | None) -> None:
    print(f"{'microseconds a call, median of ' + format(calls, ','):<42}{'GetItem':>10}{'PutItem':>10}")
    _print_calls("Engine", engine_calls(calls))
    _print_calls("Engine.aio, one turn of the loop each", awaited_calls(calls))
    calls = max(1, calls // 10)
    _print_calls("Engine.client: boto3 in the process", client_calls(calls))
    _print_calls("boto3 over a socket to Engine.serve", server_calls(calls))
    if moto is None:
        print("moto is left out: it is not installed (--moto-python)")
    else:
        _print_calls("boto3 in moto's mock", moto_calls(moto, calls))


def print_suites(tests: int, moto: str | None, local: Path) -> None:
    print(f"\nseconds for {tests} tests with two tables each")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ours = suites.seconds(directory / "ours", suites.OURS, tests, sys.executable, *suites.OUR_PLUGIN)
        print(f"{'ddbengine, a fresh engine each':<42}{ours:>10.2f}")
        if moto is not None:
            print(
                f"{'moto, a fresh mock each':<42}{suites.seconds(directory / 'moto', suites.MOTO, tests, moto):>10.2f}"
            )
        if shutil.which("java") is None or not local.is_dir():
            print("DynamoDB Local is left out: it needs Java and its npm package (--local)")
        else:
            print(f"{'DynamoDB Local, tables created each':<42}{local_suite(local, directory / 'local', tests):>10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000, help="a tenth of it through boto3 (default: %(default)s)")
    parser.add_argument("--tests", type=int, default=500, help="of the suite (default: %(default)s)")
    parser.add_argument("--moto-python", metavar="PYTHON", help="an interpreter that has moto and pytest")
    parser.add_argument("--local", type=Path, metavar="PACKAGE", default=MODULES / DYNAMODB_LOCAL_PACKAGE)
    given = parser.parse_args()
    has_moto = importlib.util.find_spec("moto") is not None
    moto = given.moto_python or (sys.executable if has_moto else None)
    print_calls(given.calls, moto)
    print_suites(given.tests, moto, given.local)


if __name__ == "__main__":
    main()
