"""A control plane over a store in memory, with a clock that the test turns, and requests to build on."""

from __future__ import annotations

from typing import Any

import orjson

from ddbengine.engine import account, query, scan, tables, tags
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.changes import writes_of
from ddbengine.engine.context import Caller, Prepare, Surroundings
from ddbengine.engine.purge import MORE, purge_plan
from ddbengine.schema.table import TableSchema
from tests.engine.memory_store import MemoryStore

START = 1_790_000_000.1239
"""When every test begins."""

OPERATIONS: dict[str, Prepare] = {
    "CreateTable": tables.create_table,
    "DescribeTable": tables.describe_table,
    "ListTables": tables.list_tables,
    "DeleteTable": tables.delete_table,
    "UpdateTable": tables.update_table,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsOfResource": tags.list_tags_of_resource,
    "DescribeLimits": account.describe_limits,
    "DescribeEndpoints": account.describe_endpoints,
    "Query": query.prepare,
    "Scan": scan.prepare,
}

ALICE = Caller("alice", "us-east-1")
BOB = Caller("bob", "us-east-1")


class ControlPlane:
    def __init__(self, transient_seconds: float = 0.0, shared: bool = False) -> None:
        self.now = START
        self.store = MemoryStore(writes_of)
        self.catalog = Catalog(self.clock)
        self.surroundings = Surroundings(self.catalog, self.clock, shared, transient_seconds)

    def clock(self) -> float:
        return self.now

    def call(
        self, operation: str, request: dict[str, Any] | None = None, caller: Caller = ALICE, **members: Any
    ) -> Any:
        """The decoded response body; None for an empty one."""
        plan = OPERATIONS[operation](self.surroundings, caller, {**(request or {}), **members})
        if plan.writes:
            body = self.store.submit(plan).result().body
        else:
            with self.store.snapshot(plan.consistent) as txn:
                body = plan.run(txn).body
        return orjson.loads(body) if body else None

    def describe(self, name: str = "Music", caller: Caller = ALICE) -> dict[str, Any]:
        described: dict[str, Any] = self.call("DescribeTable", caller=caller, TableName=name)["Table"]
        return described

    def schema(self, name: str = "Music", caller: Caller = ALICE) -> TableSchema:
        with self.store.snapshot() as txn:
            return self.catalog.table(txn, self.surroundings.namespace(caller), name)

    def purge(self, batch_keys: int = 5_000) -> int:
        """Purge until nothing is left; return how many batches it took."""
        batches = 1
        while self.store.submit(purge_plan(self.clock, batch_keys)).result().body == MORE:
            batches += 1
        return batches

    def keys(self, start: bytes) -> list[bytes]:
        return [key for key in sorted(self.store.rows) if key.startswith(start)]


def definitions(**types: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def key(*names: str) -> list[dict[str, str]]:
    """One HASH and then RANGE elements."""
    return [{"AttributeName": name, "KeyType": "RANGE" if position else "HASH"} for position, name in enumerate(names)]


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def on_demand(name: str = "Music", **members: Any) -> dict[str, Any]:
    """A CreateTable request: Artist, Song; on demand."""
    return {
        "TableName": name,
        "AttributeDefinitions": definitions(Artist="S", Song="S"),
        "KeySchema": key("Artist", "Song"),
        "BillingMode": "PAY_PER_REQUEST",
        **members,
    }


def provisioned(name: str = "Music", read: int = 5, write: int = 5, **members: Any) -> dict[str, Any]:
    """A CreateTable request: Artist, Song; provisioned."""
    request = on_demand(name, ProvisionedThroughput=units(read, write), **members)
    del request["BillingMode"]
    return request


def index(name: str, *names: str, projection: str = "ALL", **members: Any) -> dict[str, Any]:
    """A local or global index of a CreateTable request."""
    return {"IndexName": name, "KeySchema": key(*names), "Projection": {"ProjectionType": projection}, **members}
