"""The engines that are measured: ours in each configuration, and other local ones; installed, started, loaded.

The others come from npm and PyPI at the versions named here, into directories that git ignores.  One that cannot be
had on this machine is left out, with a line that says why.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import workloads
from bench.load import CACHE, DIRECTORY, HEADERS
from tests.servers import (
    DYNAMODB_LOCAL_PACKAGE,
    Server,
    ServerDidNotStart,
    dynamodb_local_command,
    free_port,
    start,
)

MODULES = DIRECTORY / "node_modules"
MOTO = "moto[server]==5.2.*"
MOTO_HOME = CACHE / "moto"
REQUEST_TIMEOUT_SECONDS = 120
TABLE_POLL_SECONDS = 0.05

MEMORY = "memory"
DISK = "disk"


class Unavailable(Exception):
    """An engine cannot be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A local engine in one configuration.  ``command`` runs it on a port with its data in a directory."""

    name: str
    keeps: str
    """MEMORY or DISK."""
    command: Callable[[int, Path], list[str]]
    is_ours: bool = False
    is_slow: bool = False
    """Too slow to load and measure within minutes."""


def ours(name: str, keeps: str, *options: str) -> Target:
    def command(port: int, directory: Path) -> list[str]:
        where = ["--in-memory"] if keeps == MEMORY else ["--db-path", str(directory / "data")]
        return [sys.executable, "-m", "ddbengine", "serve", "--port", str(port), *where, *options]

    return Target(name, keeps, command, is_ours=True)


def _dynamodb_local(port: int, directory: Path) -> list[str]:
    return dynamodb_local_command(_module(DYNAMODB_LOCAL_PACKAGE), port)


def _dynamodb_local_on_disk(port: int, directory: Path) -> list[str]:
    data = directory / "data"
    data.mkdir(exist_ok=True)
    return dynamodb_local_command(_module(DYNAMODB_LOCAL_PACKAGE), port, data)


def _dynoxide(port: int, directory: Path) -> list[str]:
    return [str(_module("@dynoxide/linux-x64") / "dynoxide"), "serve", "--port", str(port)]


def _dynoxide_on_disk(port: int, directory: Path) -> list[str]:
    return [*_dynoxide(port, directory), "--db-path", str(directory / "data")]


def _dynalite(port: int, directory: Path) -> list[str]:
    return ["node", str(_module("dynalite") / "cli.js"), "--port", str(port), "--createTableMs", "0"]


def _moto(port: int, directory: Path) -> list[str]:
    return [str(_moto_server()), "-p", str(port)]


IN_MEMORY = ours("ddbengine", MEMORY)
THREE_REPLICAS = ours("ddbengine, 3 replicas", DISK)
ONE_REPLICA = ours("ddbengine, 1 replica", DISK, "--replicas", "1")
DYNAMODB_LOCAL_ON_DISK = Target("DynamoDB Local, disk", DISK, _dynamodb_local_on_disk)

TARGETS = (
    IN_MEMORY,
    Target("DynamoDB Local", MEMORY, _dynamodb_local),
    Target("dynoxide", MEMORY, _dynoxide),
    Target("dynalite", MEMORY, _dynalite),
    Target("moto", MEMORY, _moto, is_slow=True),
    THREE_REPLICAS,
    ONE_REPLICA,
    DYNAMODB_LOCAL_ON_DISK,
    Target("dynoxide, disk", DISK, _dynoxide_on_disk),
)


# --- installing ------------------------------------------------------------------------------------------------------


def _module(package: str) -> Path:
    """An installed npm package; raise Unavailable."""
    if not MODULES.is_dir():
        if shutil.which("npm") is None:
            raise Unavailable("npm is not installed")
        print("Installing the other engines into bench/node_modules ...", file=sys.stderr)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=DIRECTORY, check=False).returncode:
            raise Unavailable("npm could not install it")
    if not (MODULES / package).is_dir():
        raise Unavailable(f"npm has no {package} for this machine")
    return MODULES / package


def _moto_server() -> Path:
    """moto in a virtual environment of its own, since it wants other versions of what we use; raise Unavailable."""
    program = MOTO_HOME / "bin" / "moto_server"
    if not program.is_file():
        print("Installing moto into bench/.cache ...", file=sys.stderr)
        make = [sys.executable, "-m", "venv", str(MOTO_HOME)]
        install = [str(MOTO_HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", MOTO]
        for command in (make, install):
            if subprocess.run(command, check=False).returncode:
                raise Unavailable("pip could not install it")
    return program


# --- running ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Running:
    target: Target
    server: Server
    first_answer_seconds: float
    """From the start of the process to its first answer."""

    def memory_bytes(self) -> int:
        """What the process and its children hold, shared pages divided among who shares them (PSS)."""
        return sum(_pss(pid) for pid in _family(self.server.process.pid))


def start_target(stack: ExitStack, target: Target, directory: Path) -> Running:
    """Run an engine, with no tables, until the stack closes; raise Unavailable."""
    home = directory / target.name.replace(" ", "-").replace(",", "")
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = target.command(port, home)
    began = time.perf_counter()
    try:
        # Ours runs where the package can be imported, the others where what they leave behind is removed.
        server = start(command, home / "log", port, directory=None if target.is_ours else home)
    except (OSError, ServerDidNotStart) as error:
        raise Unavailable(str(error)) from error
    stack.callback(server.kill)
    with connected(port) as connection:
        call(connection, "ListTables", {})
    return Running(target, server, time.perf_counter() - began)


def load(running: Running, tables_only: bool = False) -> None:
    """Make the tables, and put all items into them."""
    with connected(running.server.port) as connection:
        for table in workloads.TABLES:
            call(connection, "CreateTable", table)
            await_table(connection, table["TableName"])
        for batch in () if tables_only else workloads.load_batches():
            call(connection, "BatchWriteItem", batch)


def await_table(connection: http.client.HTTPConnection, name: str) -> None:
    while call(connection, "DescribeTable", {"TableName": name})["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(TABLE_POLL_SECONDS)


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REQUEST_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def call(connection: http.client.HTTPConnection, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request; raise RuntimeError when it is a refusal."""
    headers = HEADERS | {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    connection.request("POST", "/", json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(f"{operation}: {response.status} {content.decode(errors='replace')[:200]}")
    answer: dict[str, Any] = json.loads(content) if content else {}
    return answer


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [pid]
    if children.exists():
        for child in children.read_text().split():
            found += _family(int(child))
    return found


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
