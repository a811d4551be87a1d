"""Requests per second over HTTP, beside other local engines: GetItem and PutItem, and the start to the first answer.

    python -m bench.peers [--seconds 4] [--rounds 3] [--connections 16] [--only NAME ...]

All engines run at once and are measured in turn, round by round, by wrk with one thread; the first round warms them up,
and of the others the median is shown.  10,000 items of about 200 bytes; keys are drawn at random.  It needs wrk, and
npm and Java for the other engines, which it installs into bench/node_modules.  The client shares the machine with the
server: compare the rows of one run, not runs of two machines.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import (
    DYNAMODB_LOCAL_PACKAGE,
    Server,
    ServerDidNotStart,
    dynamodb_local_command,
    free_port,
    start,
)

ITEMS = 10_000
PADDING = "x" * 150
BATCH = 25
DIRECTORY = Path(__file__).parent
MODULES = DIRECTORY / "node_modules"

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
}

SCRIPT = """\
math.randomseed(20120810)
local headers = {
  ["Content-Type"] = "%(content_type)s",
  ["X-Amz-Date"] = "%(date)s",
  ["X-Amz-Target"] = "DynamoDB_20120810.%(operation)s",
  ["Authorization"] = "%(authorization)s",
}
request = function()
  local key = string.format("user#%%05d", math.random(0, %(last)d))
  return wrk.format("POST", "/", headers, '%(before)s' .. key .. '%(after)s')
end
"""

BODIES = {
    "GetItem": ('{"TableName":"bench","Key":{"pk":{"S":"', '"}}}'),
    "PutItem": (
        '{"TableName":"bench","Item":{"pk":{"S":"',
        '"},"n":{"N":"\' .. math.random(0, 999999999) .. \'"},"data":{"S":"' + PADDING + '"}}}',
    ),
}
"""What precedes and follows the key; no PutItem repeats what is stored, since that would leave an engine nothing to
write."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A local engine: what it is called, and the command that runs it on a port with its data in a directory."""

    name: str
    command: Callable[[int, Path], list[str]]
    is_ours: bool = False


def ddbengine_command(*options: str) -> Callable[[int, Path], list[str]]:
    def command(port: int, directory: Path) -> list[str]:
        where = options or ("--db-path", str(directory / "data"))
        return [sys.executable, "-m", "ddbengine", "serve", "--port", str(port), *where]

    return command


ENGINES = (
    Engine("ddbengine, in memory", ddbengine_command("--in-memory"), is_ours=True),
    Engine("ddbengine, on disk", ddbengine_command(), is_ours=True),
    Engine("DynamoDB Local", lambda port, _: dynamodb_local_command(MODULES / DYNAMODB_LOCAL_PACKAGE, port)),
    Engine("dynoxide", lambda port, _: [str(MODULES / "@dynoxide/linux-x64/dynoxide"), "serve", "--port", str(port)]),
    Engine("dynalite", lambda port, _: ["node", str(MODULES / "dynalite/cli.js"), "--port", str(port)]),
)


@dataclass(frozen=True, slots=True)
class Running:
    name: str
    server: Server
    first_answer_seconds: float


def main() -> None:
    given = _arguments()
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("bench.peers: wrk is not installed")
    install_others()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engines = [engine for engine in ENGINES if not given.only or engine.name in given.only]
        running = [found for engine in engines if (found := start_engine(stack, engine, directory))]
        rates: dict[tuple[str, str], list[float]] = {}
        for _ in range(1 + given.rounds):
            for peer in running:
                for operation in BODIES:
                    rate = requests_per_second(wrk, peer.server.port, operation, given.seconds, given.connections)
                    rates.setdefault((peer.name, operation), []).append(rate)
    _print_table(running, {key: statistics.median(found[1:]) for key, found in rates.items()})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description="Requests per second beside other engines."
    )
    parser.add_argument("--seconds", type=int, default=4, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each, of which the median is shown")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[engine.name for engine in ENGINES])
    return parser.parse_args()


def install_others() -> None:
    if MODULES.is_dir():
        return
    if shutil.which("npm") is None:
        print("npm is not installed: only ddbengine is measured", file=sys.stderr)
        return
    print("Installing the other engines into bench/node_modules ...", file=sys.stderr)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=DIRECTORY, check=True)


def start_engine(stack: ExitStack, engine: Engine, directory: Path) -> Running | None:
    """The engine with its table loaded; None, with a word why, where it cannot run."""
    home = directory / engine.name.replace(" ", "-")
    home.mkdir()
    port = free_port()
    began = time.perf_counter()
    try:
        # Ours runs where the package can be imported, the others where what they leave behind is removed.
        server = start(engine.command(port, home), home / "log", port, directory=None if engine.is_ours else home)
    except (OSError, ServerDidNotStart) as error:
        print(f"{engine.name} is left out: {error}", file=sys.stderr)
        return None
    stack.callback(server.kill)
    with connected(port) as connection:
        call(connection, "ListTables", {})
        seconds = time.perf_counter() - began
        _load(connection)
    return Running(engine.name, server, seconds)


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def call(connection: http.client.HTTPConnection, operation: str, body: dict[str, Any]) -> None:
    headers = HEADERS | {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    connection.request("POST", "/", json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"{operation}: {response.status} {answer!r}")


def _load(connection: http.client.HTTPConnection) -> None:
    table = {
        "TableName": "bench",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    call(connection, "CreateTable", table)
    time.sleep(1)  # dynalite shows its table as being created for a moment
    for first in range(0, ITEMS, BATCH):
        puts = [{"PutRequest": {"Item": _item(number)}} for number in range(first, first + BATCH)]
        call(connection, "BatchWriteItem", {"RequestItems": {"bench": puts}})


def _item(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"user#{number:05}"}, "n": {"N": str(number)}, "data": {"S": PADDING}}


def requests_per_second(wrk: str, port: int, operation: str, seconds: int, connections: int) -> float:
    """Requests per second of one operation."""
    return rate_of(wrk, port, operation, BODIES[operation], ITEMS, seconds, connections)


def rate_of(
    wrk: str, port: int, operation: str, around: tuple[str, str], keys: int, seconds: int, connections: int
) -> float:
    """Requests per second of an operation whose body is ``around`` one of so many keys, ``user#00000`` the first."""
    before, after = around
    members = {
        "content_type": HEADERS["Content-Type"],
        "date": HEADERS["X-Amz-Date"],
        "authorization": HEADERS["Authorization"],
        "operation": operation,
        "last": keys - 1,
        "before": before,
        "after": after,
    }
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "requests.lua"
        script.write_text(SCRIPT % members)
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
        report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if found is None or "Non-2xx" in report:
        raise RuntimeError(report)
    return float(found[1])


def _print_table(running: list[Running], rates: dict[tuple[str, str], float]) -> None:
    columns = [f"{operation}/s" for operation in BODIES]
    print(f"{'':24}{columns[0]:>12}{columns[1]:>12}{'first answer':>16}")
    for peer in running:
        cells = "".join(f"{rates[peer.name, operation]:>12,.0f}" for operation in BODIES)
        print(f"{peer.name:24}{cells}{peer.first_answer_seconds:>14.2f} s")


if __name__ == "__main__":
    main()
