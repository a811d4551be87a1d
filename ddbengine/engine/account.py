"""DescribeLimits and DescribeEndpoints: what is the same for every table of an account (FACTS 5.16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ddbengine.engine.context import Caller, Surroundings
from ddbengine.limits import (
    ACCOUNT_MAX_READ_UNITS,
    ACCOUNT_MAX_WRITE_UNITS,
    TABLE_MAX_READ_UNITS,
    TABLE_MAX_WRITE_UNITS,
)
from ddbengine.storage.store import Outcome, Plan, ReadTxn

_ENDPOINT_CACHE_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class FixedAnswer:
    """A read whose answer is in no table."""

    body: bytes
    writes: ClassVar[bool] = False
    consistent: ClassVar[bool] = False

    def run(self, txn: ReadTxn) -> Outcome:
        return Outcome(self.body)


_LIMITS = FixedAnswer(
    orjson.dumps(
        {
            "AccountMaxReadCapacityUnits": ACCOUNT_MAX_READ_UNITS,
            "AccountMaxWriteCapacityUnits": ACCOUNT_MAX_WRITE_UNITS,
            "TableMaxReadCapacityUnits": TABLE_MAX_READ_UNITS,
            "TableMaxWriteCapacityUnits": TABLE_MAX_WRITE_UNITS,
        }
    )
)


def describe_limits(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    return _LIMITS


def describe_endpoints(surroundings: Surroundings, caller: Caller, request: dict[str, Any]) -> Plan:
    endpoint = {
        "Address": f"dynamodb.{caller.region}.amazonaws.com",
        "CachePeriodInMinutes": _ENDPOINT_CACHE_MINUTES,
    }
    return FixedAnswer(orjson.dumps({"Endpoints": [endpoint]}))
