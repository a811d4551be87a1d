"""Milliseconds of a search over a vector index in memory: all of it, one of a hundred partitions, and with the vectors.

    python -m bench.vectors [--items 100000] [--dimensions 256] [--rounds 7]

Each figure is the median of the rounds.  "entries" is what the core makes of the vectors alone, once they are read.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ddbengine import _core
from ddbengine.api.requests import check
from ddbengine.engine.bulk_load import load
from ddbengine.engine.context import Caller
from ddbengine.engine.engine import Engine
from ddbengine.engine.opening import open_engine

CALLER = Caller("bench", "us-east-1")
DISTINCT = 1_000
"""Vectors, which come again and again: to draw more takes longer than to load them."""
PARTITIONS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    draw = random.Random(1)
    vectors = [[{"N": f"{draw.gauss(0, 1):.6f}"} for _ in range(given.dimensions)] for _ in range(DISTINCT)]
    engine = open_engine(None)
    call(engine, "CreateTable", table(given.dimensions))
    started = time.perf_counter()
    load(engine, CALLER, "vectors", items(vectors, given.items))
    engine.propagator.drain()
    per_item = (time.perf_counter() - started) / given.items
    print(f"{'put into the table and both indexes, per item':50} {1e3 * per_item:9.3f} ms")
    everywhere = {"TableName": "vectors", "IndexName": "everywhere", "SearchVector": vectors[7], "TopK": 10}
    partition = {"SearchConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "7"}}}
    searches = {
        "search, 10 nearest": everywhere,
        "search, 100 nearest with their vectors": {**everywhere, "TopK": 100, "ProjectionExpression": "pk, v"},
        f"search of one of {PARTITIONS} partitions": {**everywhere, "IndexName": "partitioned", **partition},
    }
    for title, request in searches.items():
        show(title, partial(call, engine, "SearchVectors", request), given.rounds)
    entry = _core.join_map({"v": _core.vector_of(_core.encode_value({"L": vectors[3]}), given.dimensions) or b""})
    query = _core.vector_of(_core.encode_value({"L": vectors[7]}), given.dimensions) or b""
    entries = [(b"", entry)] * given.items
    for function in ("COSINE", "EUCLIDEAN", "DOT_PRODUCT"):
        show(f"entries, {function}", partial(_core.nearest, entries, "v", query, function, 10), given.rounds)
    engine.close()


def call(engine: Engine, operation: str, request: dict[str, Any]) -> bytes:
    return engine.execute(operation, check(operation, request), CALLER)


def table(dimensions: int) -> dict[str, Any]:
    index = {
        "VectorAttribute": {"AttributeName": "v"},
        "Dimensions": dimensions,
        "DistanceFunction": "COSINE",
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    partitioned = {"SearchSchema": [{"AttributeName": "g", "SearchSchemaElementType": "HASH"}]}
    return {
        "TableName": "vectors",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "g")],
        "BillingMode": "PAY_PER_REQUEST",
        "VectorIndexes": [{"IndexName": "everywhere", **index}, {"IndexName": "partitioned", **index, **partitioned}],
    }


def items(vectors: list[list[dict[str, str]]], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        vector = {"L": vectors[number % len(vectors)]}
        yield {"pk": {"S": str(number)}, "g": {"S": str(number % PARTITIONS)}, "v": vector}


def show(title: str, run: Callable[[], object], rounds: int) -> None:
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        took.append(time.perf_counter() - started)
    print(f"{title:50} {1e3 * statistics.median(took):9.3f} ms")


if __name__ == "__main__":
    main()
