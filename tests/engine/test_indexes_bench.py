"""The requests of the benchmark of indexes are sent once with every test run, so that they cannot rot."""

from __future__ import annotations

import json
import re

from bench.indexes import INDEX_COUNTS, READS, load, put_request
from bench.peers import call, connected
from tests.servers import Server

DRAWN = re.compile(r"' \.\. math\.random\(0, \d+\) \.\. '")


def test_every_request_of_the_benchmark_is_answered(server: Server) -> None:
    load(server.port, items=50)
    with connected(server.port) as connection:
        for operation, around in (*READS.values(), *(("PutItem", put_request(count)) for count in INDEX_COUNTS)):
            body = DRAWN.sub("7", "user#00000".join(around))
            call(connection, operation, json.loads(body))
