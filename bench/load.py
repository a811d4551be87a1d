"""Driving a server: complete HTTP requests in a file, sent by wrk or by the bundled generator (``load.c``).

Throughput is measured by wrk with one thread where it is installed, else by the bundled generator, which is as fast.
Latency under a fixed rate is always the bundled generator's: wrk sends as soon as it is answered, and so never sees
what a stall costs those who would have come meanwhile.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

DIRECTORY = Path(__file__).parent
CACHE = DIRECTORY / ".cache"
"""What is built and installed to measure with; git ignores it."""
COMPILER_TIMEOUT_SECONDS = 60
REFUSED_SHARE_MAX = 0.001
"""Of the requests of a measurement; a few may be refused for their company (transactions on one item)."""

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64,
}

_WRK_SCRIPT = """\
local requests, next = {}, 0
local file = assert(io.open("%s", "rb"))
while true do
  local size = file:read("*n")
  if size == nil then break end
  file:read(1)
  requests[#requests + 1] = file:read(size)
end
request = function()
  next = next %% #requests + 1
  return requests[next]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests":%%d,"seconds":%%f,"refused":%%d,"p50":%%f,"p99":%%f,"max":%%f}\\n',
    summary.requests, summary.duration / 1e6, errors.status + errors.connect + errors.read + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""


class LoadFailed(Exception):
    """The load could not be driven, or was refused; the message says how."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a load.  Times are microseconds."""

    rate: float
    """Answers per second."""
    p50: float
    p99: float
    max: float


def render(operation: str, body: dict[str, Any]) -> bytes:
    """A complete HTTP request."""
    content = orjson.dumps(body)
    lines = [
        "POST / HTTP/1.1",
        "Host: localhost",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
        f"X-Amz-Target: DynamoDB_20120810.{operation}",
        f"Content-Length: {len(content)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def write_requests(path: Path, operation: str, bodies: Iterable[dict[str, Any]]) -> None:
    """Make the file of requests that the generators read: each preceded by its length and a newline."""
    with path.open("wb") as file:
        for body in bodies:
            request = render(operation, body)
            file.write(b"%d\n%b" % (len(request), request))


def drive(port: int, requests: Path, seconds: float, connections: int) -> Measured:
    """Send as fast as answers come; raise LoadFailed.  wrk measures whole seconds."""
    wrk = shutil.which("wrk")
    if wrk is None or seconds < 1:
        return _run([bundled(), port, connections, seconds, 0, 0, requests])
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_WRK_SCRIPT % requests)
        script.flush()
        where = f"http://127.0.0.1:{port}/"
        return _run([wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "60s", "-s", script.name, where])


def drive_at_rate(port: int, requests: Path, seconds: float, connections: int, rate: float) -> Measured:
    """Send so many requests per second, evenly, whatever the answers take; raise LoadFailed."""
    return _run([bundled(), port, connections, seconds, rate, 0, requests])


def drive_through(port: int, requests: Path, connections: int) -> Measured:
    """Send each request once, in about this order; raise LoadFailed."""
    return _run([bundled(), port, connections, 0, 0, 1, requests])


def generator_name() -> str:
    """What ``drive`` uses, for the report."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return "bench/load.c"
    said = subprocess.run([wrk, "-v"], capture_output=True, text=True, check=False)
    return " ".join((said.stdout + said.stderr).split()[:2])


@functools.cache
def bundled() -> Path:
    """The bundled generator, compiled when its source has changed; raise LoadFailed without a C compiler."""
    source = DIRECTORY / "load.c"
    program = CACHE / f"load-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    if program.is_file():
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise LoadFailed("no C compiler to build the load generator with")
    CACHE.mkdir(exist_ok=True)
    command = [compiler, "-O2", "-o", str(program), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=COMPILER_TIMEOUT_SECONDS, check=False)
    if built.returncode:
        raise LoadFailed(f"the load generator does not compile:\n{built.stderr}")
    return program


def _run(command: list[Any]) -> Measured:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed((done.stderr or done.stdout).strip())
    said = json.loads(done.stdout.strip().splitlines()[-1])
    if not said["requests"]:
        raise LoadFailed("nothing was answered in time")
    if said["refused"] > said["requests"] * REFUSED_SHARE_MAX:
        raise LoadFailed(f"{said['refused']} of {said['requests']} requests failed {done.stderr.strip()[:500]}")
    return Measured(said["requests"] / said["seconds"], said["p50"], said["p99"], said["max"])
