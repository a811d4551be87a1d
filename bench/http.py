"""What HTTP alone costs: the server over an engine that always answers the same.

    python -m bench.http [--seconds 3] [--connections 16]

Prints requests per second, and the processor time that the server spends on each, which says more on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import drive, write_requests
from ddbengine.api.server import start_server
from ddbengine.engine.context import Caller
from ddbengine.engine.faults import Strike
from ddbengine.engine.index_status import IndexesStatus
from ddbengine.storage.status import CommitStatus, LogStatus, StoreStatus

_ITEM = b'{"Item":{"pk":{"S":"user#0001"},"data":{"S":"%b"}}}' % (b"x" * 150)
_BODY = {"TableName": "bench", "Key": {"pk": {"S": "user#0001"}}}


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

    def shortcut(self, operation: str, caller: Caller) -> None:
        return None


def _accept(operation: str, members: object) -> dict[str, Any]:
    return members if isinstance(members, dict) else {}


def main() -> None:
    parser = argparse.ArgumentParser(description="Requests per second of the HTTP layer alone.")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    with ExitStack() as stack:
        server = start_server(_Constant(), check=_accept)
        stack.callback(server.close)
        requests = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "requests"
        for operation in _Constant.operations:
            write_requests(requests, operation, [_BODY])
            before = time.process_time()
            rate = drive(server.port, requests, given.seconds, given.connections).rate
            cost = (time.process_time() - before) / (rate * given.seconds)
            print(f"{operation}: {rate:,.0f} requests/s, {cost * 1e6:.1f} us of processor time each")


if __name__ == "__main__":
    main()
