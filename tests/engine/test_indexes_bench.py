"""The requests of the benchmark of indexes are sent once with every test run, so that they cannot rot."""

from __future__ import annotations

from itertools import islice
from random import Random

from bench.indexes import INDEX_COUNTS, READS, WRITE_ITEMS, load, puts, reads
from bench.targets import call, connected
from tests.servers import Server


def test_every_request_of_the_benchmark_is_answered(server: Server) -> None:
    load(server.port, items=50)
    with connected(server.port) as connection:
        for operation, request in READS.values():
            call(connection, operation, next(reads(request)))
        for count in INDEX_COUNTS:
            call(connection, "PutItem", next(puts(count, Random(1))))


def test_every_put_of_the_benchmark_changes_the_keys_of_the_indexes() -> None:
    first = {put["Item"]["pk"]["S"]: put["Item"] for put in islice(puts(5, Random(1)), WRITE_ITEMS)}
    assert len(first) == WRITE_ITEMS
    later = islice(puts(5, Random(1)), WRITE_ITEMS, 2 * WRITE_ITEMS)
    assert all(first[put["Item"]["pk"]["S"]]["n"] != put["Item"]["n"] for put in later)
