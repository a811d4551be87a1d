"""What a boto3 client's GetItem and PutItem cost, whoever answers them: the median of each in microseconds.

It imports nothing of ours, so that moto can be measured by the interpreter of another environment, as a script:

    python -I bench/boto_calls.py CALLS
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

TABLE = "bench"
DEFINITION: dict[str, Any] = {
    "TableName": TABLE,
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def item(number: int) -> dict[str, Any]:
    """Ten attributes of the usual types, about 300 bytes."""
    return {
        "pk": {"S": f"user#{number:06}"},
        "name": {"S": "Some Name"},
        "email": {"S": "someone@example.com"},
        "age": {"N": "42"},
        "score": {"N": "3.14159"},
        "active": {"BOOL": True},
        "tags": {"SS": ["a", "b", "c"]},
        "address": {"M": {"city": {"S": "Berlin"}, "zip": {"S": "10115"}}},
        "created": {"S": "2026-01-01T00:00:00Z"},
        "note": {"S": "x" * 60},
    }


def median_us(call: Callable[[Any], object], arguments: Iterable[Any]) -> float:
    """The median duration of ``call`` over its arguments, in microseconds."""
    clock = time.perf_counter_ns
    durations = []
    for argument in arguments:
        start = clock()
        call(argument)
        durations.append(clock() - start)
    return statistics.median(durations) / 1e3


def measure(target: Any, calls: int) -> dict[str, float]:
    """Of a client, or of anything with the same methods; it creates the table."""
    target.create_table(**DEFINITION)
    items = [item(number) for number in range(calls)]
    keys = [{"pk": one["pk"]} for one in items]
    put = median_us(lambda one: target.put_item(TableName=TABLE, Item=one), items)
    get = median_us(lambda key: target.get_item(TableName=TABLE, Key=key), keys)
    return {"GetItem": get, "PutItem": put}


def measure_moto(calls: int) -> dict[str, float]:
    import boto3
    from moto import mock_aws

    with mock_aws():
        return measure(boto3.client("dynamodb", region_name="us-east-1"), calls)


if __name__ == "__main__":
    print(json.dumps(measure_moto(int(sys.argv[1]))))
