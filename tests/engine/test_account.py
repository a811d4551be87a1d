"""DescribeLimits and DescribeEndpoints (FACTS 5.16)."""

from __future__ import annotations

from ddbengine.engine.context import Caller
from tests.engine.control_plane import ControlPlane


def test_limits_are_the_services_default_quotas() -> None:
    assert ControlPlane().call("DescribeLimits") == {
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    }


def test_the_endpoint_is_that_of_the_callers_region() -> None:
    answer = ControlPlane().call("DescribeEndpoints", caller=Caller("alice", "eu-west-1"))
    assert answer == {"Endpoints": [{"Address": "dynamodb.eu-west-1.amazonaws.com", "CachePeriodInMinutes": 1440}]}
