"""One consumer process of the kill test: it adds a line to a file for each record it handles.

    python -m tests.consumer.kill_worker URL TABLE FILE WORKER

The file is shared by all workers.  A batch is one write to a file opened for appending, so lines are in the order in
which batches were handled, whoever handled them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any

from ddbengine.consumer import Consumer, Options
from tests.consumer.streaming import session

LEASE_SECONDS = 1.5


def main(url: str, table: str, path: str, worker: str) -> None:
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {worker} %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def handle(event: dict[str, Any]) -> None:
        os.write(file, "".join(_line(worker, record["dynamodb"]["NewImage"]) for record in event["Records"]).encode())

    options = Options(
        application="kill-test", worker=worker, lease_seconds=LEASE_SECONDS, poll_seconds=0.1, discovery_seconds=2.0
    )
    consumer = Consumer(table, handle, options=options, session=session(), endpoint_url=url)
    signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
    consumer.run()


def _line(worker: str, image: dict[str, Any]) -> str:
    return f"{worker} {image['key']['S']} {image['version']['N']}\n"


if __name__ == "__main__":
    main(*sys.argv[1:])
