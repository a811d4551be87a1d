"""Partitions: contiguous ranges of partition hashes, each of which feeds one open shard of the table's stream.

Items lie in the order of their hashes, so a partition is nothing but its bounds in the table's schema, and splitting
one moves no data.  Partitions split when they are told to, and by themselves when they are too large, written to too
much for too long, or too few for their table's throughput (``PartitionWatch``); only those of tables with a stream,
since nobody else can see partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import msgpack
import orjson

from ddbengine.engine import catalog as catalogs
from ddbengine.engine.catalog import Catalog
from ddbengine.engine.table_streams import current_stream
from ddbengine.engine.tables import counter_of
from ddbengine.errors import ResourceNotFoundException, ValidationException
from ddbengine.limits import PARTITION_MAX_BYTES, PARTITION_MAX_WRITES_PER_SECOND
from ddbengine.schema.table import TableSchema
from ddbengine.storage.store import Outcome, ReadTxn, Store
from ddbengine.streams import lineage
from ddbengine.streams.rows import HASHES, Stream, all_streams, newest_shard, open_shards

__all__ = ["Partition", "PartitionWatch", "SplitPartition", "Thresholds", "namespace_of", "partitions_of"]


class Partition(NamedTuple):
    """Partition hashes from ``low`` up to but not including ``high``."""

    low: int
    high: int

    @property
    def middle(self) -> int:
        return (self.low + self.high) // 2


def partitions_of(schema: TableSchema) -> list[Partition]:
    return [Partition(low, high) for low, high in pairwise((0, *schema.partition_cuts, HASHES))]


def _widest(schema: TableSchema) -> Partition:
    return max(partitions_of(schema), key=lambda partition: partition.high - partition.low)


@dataclass(frozen=True, slots=True)
class SplitPartition:
    """Cuts the partition that holds a hash in two there; the widest one in the middle when ``at`` is None.

    The outcome's body tells the partitions there are then.  Raise ResourceNotFoundException without such a table,
    ValidationException where there is nothing to cut.
    """

    catalog: Catalog
    clock: Callable[[], float]
    namespace: str
    table_name: str
    at: int | None
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        schema = self.catalog.table(txn, self.namespace, self.table_name)
        at = _widest(schema).middle if self.at is None else self.at
        if not 0 < at < HASHES or at in schema.partition_cuts:
            raise ValidationException(f"The partitions of table {schema.name} cannot be cut at partition hash {at}")
        cuts = sorted((*schema.partition_cuts, at))
        new = replace(schema, settings={**schema.settings, "PartitionCuts": cuts})
        changes = [catalogs.save(new)]
        stream = current_stream(schema, txn)
        if stream is not None:
            parent = next(shard for shard in open_shards(txn, stream) if shard.takes(at))
            stream = replace(stream, newest_shard=newest_shard(txn))
            stream, shards = lineage.succeeded(stream, parent, (at,), txn.lsn(), self.clock())
            changes.append(lineage.writes(stream, shards))
        return Outcome(orjson.dumps(_described(new, stream)), changes)


def _described(schema: TableSchema, stream: Stream | None) -> dict[str, Any]:
    shards = [None] * (len(schema.partition_cuts) + 1) if stream is None else stream.open_shards
    return {
        "TableName": schema.name,
        "Partitions": [
            {"FromHash": partition.low, "ToHash": partition.high, "ShardId": shard}
            for partition, shard in zip(partitions_of(schema), shards, strict=True)
        ],
    }


def namespace_of(txn: ReadTxn, table_name: str) -> str:
    """The namespace of the only table of a name; raise ResourceNotFoundException without one, and
    ValidationException when several callers have one."""
    suffix = b"\0" + table_name.encode()
    found = [
        bytes(key)[len(catalogs.TABLES) : -len(suffix)].decode()
        for key, _ in txn.scan(catalogs.TABLES, catalogs.TABLES + b"\xff")
        if bytes(key).endswith(suffix)
    ]
    if not found:
        raise ResourceNotFoundException(f"Requested resource not found: Table: {table_name} not found")
    if len(found) > 1:
        raise ValidationException(f"Several callers have a table {table_name}: {', '.join(found)}")
    return found[0]


# --- splitting by itself ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a partition is split; the service's own figures."""

    partition_bytes: int = PARTITION_MAX_BYTES
    writes_per_second: float = PARTITION_MAX_WRITES_PER_SECOND
    look_seconds: float = 10.0
    """From one look to the next."""
    looks: int = 30
    """In a row that find a partition busy before it is split: five minutes."""


SAMPLE_RECORDS = 2_000
"""Of the log, looked at to tell where writes go; only while the whole store is written to more than one partition may
be."""
_SAMPLE_BYTES = 1 << 20


class PartitionWatch:
    """The housekeeping chore.  While less is written in all than a partition may take, a look costs a subtraction and
    one row for each stream."""

    def __init__(
        self,
        store: Store,
        split: Callable[[str, str, int | None], object],
        monotonic: Callable[[], float],
        thresholds: Thresholds,
        wanted: Callable[[ReadTxn, Stream], int],
    ) -> None:
        """``split`` is given namespace, table name and where to cut, and waits until that is done.  ``wanted`` tells
        how many partitions the table of a stream should have at least."""
        self._store = store
        self._split = split
        self._monotonic = monotonic
        self._thresholds = thresholds
        self._wanted = wanted
        self._lsn = store.last_logged()
        self._time = monotonic()
        self._busy: Counter[tuple[int, Partition]] = Counter()
        """How many looks in a row have found a partition (of the table of a number) busy."""

    def __call__(self) -> float | None:
        """Seconds until the next look; None while there is no stream that is on."""
        with self._store.snapshot() as txn:
            streams = {stream.table_number: stream for stream in all_streams(txn) if stream.disabled is None}
            partitions = {
                number: [Partition(shard.low, shard.high) for shard in open_shards(txn, stream)]
                for number, stream in streams.items()
            }
            too_few = [
                number for number, stream in streams.items() if self._wanted(txn, stream) > len(partitions[number])
            ]
            cuts = self._oversized(txn, partitions) | self._overloaded(txn, partitions) | dict.fromkeys(too_few)
        for number, at in cuts.items():
            self._split(streams[number].namespace, streams[number].table_name, at)
        if too_few:
            return 0.0
        return self._thresholds.look_seconds if streams else None

    def _oversized(self, txn: ReadTxn, partitions: dict[int, list[Partition]]) -> dict[int, int | None]:
        """Tables whose partitions hold too much on average: hashes are spread evenly, so the widest holds most."""
        sizes = counter_of(txn)
        return {
            number: None
            for number, found in partitions.items()
            if sizes(number)[1] > self._thresholds.partition_bytes * len(found)
        }

    def _overloaded(self, txn: ReadTxn, partitions: dict[int, list[Partition]]) -> dict[int, int | None]:
        """Where to cut partitions that have been busy for long enough, by table number: one of each table."""
        lsn, time = self._store.last_logged(), self._monotonic()
        rate = (lsn - self._lsn) / max(time - self._time, 1e-9)
        self._lsn, self._time = lsn, time
        if rate < self._thresholds.writes_per_second:
            self._busy.clear()
            return {}
        sample = _sample(txn)
        written = sum(map(len, sample.values())) or 1
        hits = {
            (number, partition): sorted(at for at in sample[number] if partition.low <= at < partition.high)
            for number, found in partitions.items()
            if number in sample
            for partition in found
        }
        busy = [key for key, found in hits.items() if rate * len(found) / written >= self._thresholds.writes_per_second]
        self._busy = Counter({key: self._busy[key] + 1 for key in busy})
        cuts: dict[int, int | None] = {}
        for key in busy:
            number, partition = key
            if self._busy[key] >= self._thresholds.looks and number not in cuts:
                del self._busy[key]
                at = hits[key][len(hits[key]) // 2]
                if at > partition.low:  # else it is one key that is busy, and no cut would help
                    cuts[number] = at
        return cuts


def _sample(txn: ReadTxn) -> dict[int, list[int]]:
    """Partition hashes of the changes made last, by table number."""
    hashes: dict[int, list[int]] = {}
    for entry in txn.log_after(max(txn.log_begin() - 1, txn.lsn() - SAMPLE_RECORDS), _SAMPLE_BYTES):
        for record in entry.logical:
            if record is not None:
                number, partition_hash, *_ = msgpack.unpackb(record)
                hashes.setdefault(number, []).append(int.from_bytes(partition_hash, "big"))
    return hashes
