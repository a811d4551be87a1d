"""Servers started for a test or a measurement: ours, and other people's, each in a process of its own.

A server is known to be ready when it says so (ours prints its URL, the emulator accepts a connection); nothing here
waits for a fixed time.  What a server prints goes to a file, which is shown when it does not start.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import recording

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 20
POLL_SECONDS = 0.005

_URL = re.compile(rb"https?://[\w.-]+:(\d+)")

DYNAMODB_LOCAL_PACKAGE = "amplify-dynamodb-simulator"
"""The npm package that DynamoDB Local comes in."""


class ServerDidNotStart(Exception):
    """The process ended, or stayed silent, before it was ready; the message holds what it printed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process that listens on 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Ask it to end as an operator would (SIGTERM), and return its exit code."""
        self.process.terminate()
        return self._wait()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self.process.kill()
        self._wait()

    def _wait(self) -> int:
        try:
            return self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@contextmanager
def ddbengine(log: Path, *options: str, port: int = 0) -> Iterator[Server]:
    """Our own server, run by this Python.  ``options`` are those of ``serve``; port 0 lets the system choose one."""
    server = start_ddbengine(log, *options, port=port)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def start_ddbengine(log: Path, *options: str, port: int = 0) -> Server:
    """As ``ddbengine``, for a test that ends the server itself."""
    program = "tests.recording" if recording.VARIABLE in os.environ else "ddbengine"
    command = [sys.executable, "-m", program, "serve", "--port", str(port), *options]
    return _start(command, log, lambda: _announced_port(log))


@contextmanager
def dynamodb_local(package: Path, log: Path) -> Iterator[Server]:
    """DynamoDB Local, in memory."""
    port = free_port()
    server = start(dynamodb_local_command(package, port), log, port, directory=log.parent)
    try:
        yield server
    finally:
        server.kill()


def dynamodb_local_command(package: Path, port: int, data: Path | None = None) -> list[str]:
    """How DynamoDB Local is run; ``package`` is the npm package it comes in.  It keeps its data in a directory that
    exists, or else in memory."""
    emulator = package / "emulator"
    libraries = f"-Djava.library.path={emulator / 'DynamoDBLocal_lib'}"
    where = ["-inMemory"] if data is None else ["-dbPath", str(data)]
    options = [*where, "-disableTelemetry", "-port", str(port)]
    return ["java", libraries, "-jar", str(emulator / "DynamoDBLocal.jar"), *options]


def start(command: Sequence[str], log: Path, port: int, directory: Path | None = None) -> Server:
    """Run a server that was told its port, until it accepts connections there; in ``directory``, if it leaves files."""
    return _start(command, log, lambda: port if _accepts(port) else None, directory)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(
    command: Sequence[str], log: Path, listening_port: Callable[[], int | None], directory: Path | None = None
) -> Server:
    log.unlink(missing_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=directory
        )
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        port = listening_port()
        if port is not None:
            return Server(process, port, log)
        time.sleep(POLL_SECONDS)
    process.kill()
    code = process.wait()
    raise ServerDidNotStart(f"{' '.join(command)}\nexit code {code}\n{log.read_text(errors='replace')}")


def _announced_port(log: Path) -> int | None:
    found = _URL.search(log.read_bytes())
    return int(found.group(1)) if found else None


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
