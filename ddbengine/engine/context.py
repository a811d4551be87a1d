"""What every operation is given besides its request: who calls, and the engine's fixed surroundings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES, SHARD_ROLLOVER_SECONDS, STREAM_RETENTION_SECONDS
from ddbengine.schema.throughput import partitions_of_throughput
from ddbengine.storage.store import Plan
from ddbengine.streams.rows import HASHES

if TYPE_CHECKING:
    from ddbengine.engine.catalog import Catalog
    from ddbengine.engine.query import QueryForm
    from ddbengine.schema.table import TableSchema


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as the Authorization header's credential scope says it."""

    access_key_id: str
    region: str
    namespace: str = field(init=False, compare=False, repr=False)
    """Of its tables where callers do not share them; made once, since each request looks one up."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "namespace", f"{self.access_key_id}/{self.region}")


def _nothing() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How tables are cut into partitions, and their streams into shards."""

    partitions: int | None = 1
    """Of a new table; None: as many as its throughput asks for, and more when that is raised."""
    rollover_seconds: float = SHARD_ROLLOVER_SECONDS
    """After which an open shard is closed and followed by another one."""
    retention_seconds: float = STREAM_RETENTION_SECONDS
    """For which records, and streams switched off, can be read."""

    def wanted_partitions(self, schema: TableSchema) -> int:
        """How many a table should have at any time, its size and load aside."""
        return partitions_of_throughput(schema.settings) if self.partitions is None else 1

    def first_cuts(self, schema: TableSchema) -> list[int]:
        """Where the partitions of a new table begin, the first one aside: evenly over all partition hashes."""
        count = self.partitions or self.wanted_partitions(schema)
        return [place * HASHES // count for place in range(1, count)]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is fixed while an engine is open."""

    catalog: Catalog
    clock: Callable[[], float]
    """Seconds since the epoch."""
    shared: bool
    """One namespace for all callers, whatever their key and region."""
    transient_seconds: float
    """How long CREATING, UPDATING and DELETING are shown; 0 makes them visible only in the answer that starts them."""
    account_id: str = "000000000000"
    streams: StreamSettings = StreamSettings()
    item_collection_limit: int = ITEM_COLLECTION_MAX_BYTES
    """Bytes an item collection of a table with local indexes may have."""
    pending_lsn: Callable[[], int] = _nothing
    """The LSN that global indexes are to have passed before a read of one that comes in now; 0 if they have, or if
    reads do not wait."""

    query_forms: dict[tuple[str, bytes], QueryForm] = field(default_factory=dict, repr=False, compare=False)
    """Queries asked before, see ``query.QueryForm``."""

    def namespace(self, caller: Caller) -> str:
        return "" if self.shared else caller.namespace


Prepare = Callable[[Surroundings, Caller, dict[str, Any]], Plan]
"""An operation: checks what needs no table, and returns the plan that does the rest."""
