"""What HTTP alone costs: the server over an engine that always answers the same, under wrk.

    python -m bench.http [--seconds 3] [--connections 16]

Prints requests per second, and the processor time that the server spends on each, which says more on a busy machine.
It needs wrk on the PATH.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddbengine.api.server import start_server
from ddbengine.engine.context import Caller
from ddbengine.engine.faults import Strike
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.storage.status import CommitStatus, LogStatus, StoreStatus

_ITEM = b'{"Item":{"pk":{"S":"user#0001"},"data":{"S":"%b"}}}' % (b"x" * 150)
_SCRIPT = """\
wrk.method = "POST"
wrk.path = "/"
wrk.body = '{"TableName":"bench","Key":{"pk":{"S":"user#0001"}}}'
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.%s"
wrk.headers["X-Amz-Date"] = "20261001T000000Z"
wrk.headers["User-Agent"] = "Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux md/arch#x86_64 lang/python#3.11"
wrk.headers["Accept-Encoding"] = "identity"
wrk.headers["amz-sdk-invocation-id"] = "0d3c5f1e-8c0f-4d3b-9a34-0a3d3c7f3a55"
wrk.headers["amz-sdk-request"] = "attempt=1"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=local/20261001/us-east-1/dynamodb/aws4_request, " ..
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=%s"
"""


@dataclass(frozen=True, slots=True)
class _Outcome:
    body: bytes


class _Constant:
    """GetItem is answered at once; PutItem through a future that has finished, as by a store without fsync."""

    operations = dict.fromkeys(("GetItem", "PutItem"))
    faults = None

    def answer(self, operation: str, request: dict[str, Any], caller: Caller) -> bytes | Future[Any]:
        if operation == "GetItem":
            return _ITEM
        future: Future[_Outcome] = Future()
        future.set_result(_Outcome(b"{}"))
        return future

    def index_status(self) -> IndexesStatus:
        return IndexesStatus("running", None, 0, 0, 0.0, ())

    def status(self) -> StoreStatus:
        return StoreStatus("none", True, 0, 0, (), LogStatus(1, 0, 0), CommitStatus(0, 0, 0, 0, 0.0, 0))

    def answer_struck(
        self, operation: str, request: dict[str, Any], caller: Caller, strike: Strike | None
    ) -> bytes | Future[Any]:
        return self.answer(operation, request, caller)


def _accept(operation: str, members: object) -> dict[str, Any]:
    return members if isinstance(members, dict) else {}


def _requests_per_second(wrk: str, port: int, operation: str, seconds: int, connections: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "request.lua"
        script.write_text(_SCRIPT % (operation, "0" * 64))
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
        report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if found is None or "Non-2xx" in report:
        raise SystemExit(report)
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Requests per second of the HTTP layer alone.")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("bench.http: wrk is not installed")
    server = start_server(_Constant(), check=_accept)
    try:
        for operation in _Constant.operations:
            before = time.process_time()
            rate = _requests_per_second(wrk, server.port, operation, given.seconds, given.connections)
            cost = (time.process_time() - before) / (rate * given.seconds)
            print(f"{operation}: {rate:,.0f} requests/s, {cost * 1e6:.1f} us of processor time each")
    finally:
        server.close()


if __name__ == "__main__":
    main()
