"""What checking a request costs: microseconds per ``check`` of valid requests, best of several rounds.

python -m bench.requests [rounds]
"""

from __future__ import annotations

import sys
from timeit import Timer
from typing import Any

from ddbengine.api.requests import check

_CALLS = 10_000
_ROUNDS = 7

REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "GetItem, 1 key attribute": ("GetItem", {"TableName": "table", "Key": {"pk": {"S": "user#1"}}}),
    "GetItem, all members": (
        "GetItem",
        {
            "TableName": "table",
            "Key": {"pk": {"S": "user#1"}, "sk": {"N": "17"}},
            "ConsistentRead": True,
            "ReturnConsumedCapacity": "TOTAL",
            "ProjectionExpression": "#a, b",
            "ExpressionAttributeNames": {"#a": "a"},
        },
    ),
    "PutItem, 10 attributes": (
        "PutItem",
        {"TableName": "table", "Item": {f"attribute{i}": {"S": f"value {i}"} for i in range(10)}},
    ),
    "Query": (
        "Query",
        {
            "TableName": "table",
            "KeyConditionExpression": "pk = :p AND sk > :s",
            "ExpressionAttributeValues": {":p": {"S": "user#1"}, ":s": {"N": "17"}},
            "Limit": 25,
            "ScanIndexForward": False,
        },
    ),
    "BatchWriteItem, 25 puts": (
        "BatchWriteItem",
        {"RequestItems": {"table": [{"PutRequest": {"Item": {"pk": {"N": str(i)}}}} for i in range(25)]}},
    ),
}


def microseconds(operation: str, request: dict[str, Any], rounds: int) -> float:
    best = min(Timer(lambda: check(operation, request)).repeat(rounds, _CALLS))
    return best / _CALLS * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    for title, (operation, request) in REQUESTS.items():
        if check(operation, request) is not request:
            raise RuntimeError(f"{title}: a valid request was changed")
        print(f"{title:28} {microseconds(operation, request, rounds):8.2f} us")


if __name__ == "__main__":
    main()
