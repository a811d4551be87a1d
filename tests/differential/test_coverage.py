"""What the comparison sends: every operation and parameter that the emulator answers.

A parameter that is new in the service model has to be compared, or named here with the reason why it cannot be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest

from ddbengine.engine.operations import OPERATIONS
from tests.differential import malformed, malformed_indexes, requests, statements, test_streams
from tests.differential.peers import Request
from tests.differential.table_lives import Life
from tests.differential.tables import REFUSALS, TABLES
from tests.recording import members_sent
from tools.compatibility import members_of

KNOWN_TO_THE_EMULATOR = (
    *("BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "CreateTable", "DeleteItem", "DeleteTable"),
    *("DescribeLimits", "DescribeStream", "DescribeTable", "DescribeTimeToLive", "ExecuteStatement"),
    *("ExecuteTransaction", "GetItem", "GetRecords", "GetShardIterator", "ListStreams", "ListTables", "PutItem"),
    *("Query", "Scan", "TransactGetItems", "TransactWriteItems", "UpdateItem", "UpdateTable", "UpdateTimeToLive"),
)
"""All that it answers; it says of any other that it is not supported, or unknown."""

IGNORED_BY_THE_EMULATOR = {
    "CreateTable": (
        *("OnDemandThroughput", "WarmThroughput", "SSESpecification", "TableClass", "ResourcePolicy", "VectorIndexes"),
        *("GlobalTableSourceArn", "GlobalTableSettingsReplicationMode", "DeletionProtectionEnabled"),
        *("GlobalSecondaryIndexes.OnDemandThroughput", "GlobalSecondaryIndexes.WarmThroughput"),
    ),
    "UpdateTable": (
        *("OnDemandThroughput", "WarmThroughput", "SSESpecification", "TableClass", "VectorIndexUpdates"),
        *("ReplicaUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates", "DisassociationProtectionEnabled"),
        *("GlobalTableSettingsReplicationMode", "DeletionProtectionEnabled"),
        *("GlobalSecondaryIndexUpdates.Update.OnDemandThroughput", "GlobalSecondaryIndexUpdates.Update.WarmThroughput"),
        *("GlobalSecondaryIndexUpdates.Create.OnDemandThroughput", "GlobalSecondaryIndexUpdates.Create.WarmThroughput"),
    ),
    "DescribeStream": ("ShardFilter",),
    "GetShardIterator": ("Timestamp",),
}
"""Members that it takes and forgets, or that are newer than it is."""

NOT_COMPARABLE = {
    "ExecuteStatement": ("NextToken", "Limit", "ReturnValuesOnConditionCheckFailure"),
    "ListStreams": ("ExclusiveStartStreamArn",),
}
"""Each side makes up its own tokens and names of streams, and pages of statements end elsewhere."""


def _sent() -> Iterator[Request]:
    yield from (table.creation() for table in (*TABLES, REFUSALS))
    yield from requests.stream(Random(1), 20_000)
    yield from statements.requests()
    yield from (*malformed.REQUESTS, *malformed_indexes.REQUESTS)
    for number in range(20):
        yield from Life(Random(number), "life").requests()


@pytest.fixture(scope="module")
def sent() -> dict[str, set[str]]:
    """By operation, the dotted paths of members; streams are sent by hand in ``test_streams``."""
    found: dict[str, set[str]] = defaultdict(set)
    for request in _sent():
        if isinstance(request.body, dict) and request.operation in OPERATIONS:
            found[request.operation].update(members_sent(request.operation, request.body))
    for operation, members in test_streams.SENT.items():
        found[operation].update(members)
    return found


@pytest.mark.parametrize("operation", KNOWN_TO_THE_EMULATOR)
def test_every_parameter_is_compared(sent: dict[str, set[str]], operation: str) -> None:
    left_out = (*IGNORED_BY_THE_EMULATOR.get(operation, ()), *NOT_COMPARABLE.get(operation, ()))
    wanted = {
        path for path in members_of(operation) if not f"{path}.".startswith(tuple(f"{left}." for left in left_out))
    }
    assert wanted <= sent[operation], f"not sent to both sides: {sorted(wanted - sent[operation])}"
