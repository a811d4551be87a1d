"""A server that is being fuzzed, and what is wrong with it: status 500, silence, growth, a broken store.

Requests go over one kept connection; bytes that are no request get a connection each.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddbengine.engine.operations import STREAM_OPERATIONS
from tests import servers
from tests.differential.peers import HEADERS, Request

DEADLINE_SECONDS = 20.0
"""For one answer, on a machine that does other things as well."""
_MOST_SHOWN = 1500
_SERVER_ERROR = re.compile(rb"^HTTP/1.1 5\d\d", re.MULTILINE)
_ANONYMOUS = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)


class Fault(Exception):
    """Something the server should never do; the message says to what."""


@dataclass(slots=True)
class Target:
    """A started server.  What is sent and raises Fault is also kept, whole, in ``evidence``."""

    server: servers.Server
    evidence: Path
    _connection: http.client.HTTPConnection | None = None

    def send(self, operation: str, data: bytes) -> tuple[int, Any]:
        """Status and body of the answer to a request with this body.  Raise Fault."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=DEADLINE_SECONDS)
        try:
            self._connection.request("POST", "/", data, _headers(operation))
            response = self._connection.getresponse()
            answer = response.read()
        except TimeoutError:
            raise self._fault("no answer within the deadline", operation, data) from None
        except (http.client.HTTPException, OSError) as error:
            raise self._fault(f"no answer: {error!r}", operation, data) from error
        if response.status >= 500:
            raise self._fault(f"status {response.status}", operation, data)
        if response.will_close:
            self.close()
        return response.status, json.loads(answer) if answer.startswith(b"{") else None

    def send_bytes(self, data: bytes) -> None:
        """Bytes to a connection of their own, until the server has said all it has to say.  Raise Fault."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=DEADLINE_SECONDS) as connection:
            said = b""
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    said += part
            except TimeoutError:
                raise self._fault("no end within the deadline", "bytes", data) from None
            except OSError:
                pass  # A server may close on what it cannot read.
        if _SERVER_ERROR.search(said):
            raise self._fault("status 5xx", "bytes", data)

    def heap_bytes(self) -> int:
        """Memory of the process that is no mapped file."""
        status = Path(f"/proc/{self.server.process.pid}/status").read_text()
        found = _ANONYMOUS.search(status)
        if found is None:
            raise Fault("the server's process is gone")
        return int(found.group(1)) * 1024

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fault(self, what: str, operation: str, data: bytes) -> Fault:
        self.evidence.write_bytes(data)
        return Fault(f"{what}: {operation} {data[:_MOST_SHOWN]!r}\n(whole in {self.evidence})\n{self.complaints()}")

    def complaints(self) -> str:
        """The end of what the server has logged as its own fault; empty when there is nothing."""
        log = self.server.log.read_text(errors="replace")
        return log[log.rfind("Traceback") - 200 :] if "Traceback" in log else ""


def body_of(request: Request) -> bytes:
    return request.body if isinstance(request.body, bytes) else json.dumps(request.body).encode()


def framed(operation: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{name}: {value}" for name, value in _headers(operation).items()]
    head = ["POST / HTTP/1.1", "Host: localhost", *lines, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def _headers(operation: str) -> dict[str, str]:
    service = "DynamoDBStreams" if operation in STREAM_OPERATIONS else "DynamoDB"
    return HEADERS | {"X-Amz-Target": f"{service}_20120810.{operation}"}


def doctor(directory: Path) -> None:
    """Raise Fault when the store of a stopped server is not sound in every respect the engine knows of."""
    command = [sys.executable, "-m", "ddbengine", "doctor", str(directory)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise Fault(f"the doctor ended with {found.returncode}\n{found.stdout}{found.stderr}")
