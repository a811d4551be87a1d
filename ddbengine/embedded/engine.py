"""``ddbengine.open`` and ``ddbengine.Engine``: the service's operations on a store, from inside a Python program."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ddbengine.embedded import bulk
from ddbengine.embedded.answers import answer_of, exception_of
from ddbengine.embedded.calls import call
from ddbengine.embedded.operations import Operations
from ddbengine.engine.context import Caller, StreamSettings
from ddbengine.engine.fault_rules import FaultRules, fault_rules, read_fault_rules
from ddbengine.engine.faults import Faults
from ddbengine.engine.opening import open_engine
from ddbengine.errors import ApiError
from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES, SHARD_ROLLOVER_SECONDS
from ddbengine.options import SECONDS_PER_HOUR, STREAM_RETENTION_HOURS, TTL_INTERVAL_SECONDS, check

if TYPE_CHECKING:
    import boto3

    from ddbengine.embedded.awaitable import AsyncEngine
    from ddbengine.embedded.serving import LocalServer
    from ddbengine.engine import engine as inside
    from ddbengine.engine.bulk_load import Loaded, OnRefused
    from ddbengine.engine.job_running import Buckets
    from ddbengine.storage.status import StoreStatus

__all__ = ["Engine", "FaultsSource", "open"]

FaultsSource = FaultRules | Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike[str]
"""Rules of docs/faults.md: as Python values, as JSON text, or the name of a file that holds them."""


class Engine(Operations):
    """A store with the operations of the service, made by ``ddbengine.open``.

    It may be used from many threads.  A process forked off meanwhile must open one of its own: there every method
    raises StoreClosed.  Close it, or use it in a ``with`` or an ``async with`` statement.
    """

    def __init__(self, engine: inside.Engine, caller: Caller) -> None:
        self._engine = engine
        self._caller = caller
        self._process = os.getpid()
        self._servers: set[LocalServer] = set()
        self._aio: AsyncEngine | None = None
        self._call = partial(call, engine, caller)

    @property
    def region(self) -> str:
        """Whose tables the methods see; clients may be made for others."""
        return self._caller.region

    @property
    def aio(self) -> AsyncEngine:
        """The operations as coroutines: ``await engine.aio.put_item(...)``."""
        if self._aio is None:
            from ddbengine.embedded.awaitable import AsyncEngine

            self._aio = AsyncEngine(self._engine, self._caller)
        return self._aio

    # --- boto3 -----------------------------------------------------------------------------------

    def client(self, region: str | None = None, **options: Any) -> Any:
        """A boto3 client whose requests this engine answers, without a socket or credentials; of its own region if
        given.  ``options`` are those of ``boto3.Session.client``."""
        from ddbengine.embedded import boto

        return boto.client(self._engine, self._caller_in(region), "dynamodb", **options)

    def streams_client(self, region: str | None = None, **options: Any) -> Any:
        """The same for ``dynamodbstreams``."""
        from ddbengine.embedded import boto

        return boto.client(self._engine, self._caller_in(region), "dynamodbstreams", **options)

    def resource(self, region: str | None = None, **options: Any) -> Any:
        """The same as a boto3 resource, which speaks Python values."""
        from ddbengine.embedded import boto

        return boto.resource(self._engine, self._caller_in(region), **options)

    def session(self, region: str | None = None) -> boto3.Session:
        """A boto3 session for code that makes its own clients: those of DynamoDB and its streams are answered here."""
        from ddbengine.embedded import boto

        return boto.session(self._engine, self._caller_in(region))

    def attach(self, client: Any) -> None:
        """Answer from now on the requests of a boto3 or botocore client that another library has made.

        It keeps its region; the access key is this engine's.
        """
        from ddbengine.embedded import boto

        boto.attach(self._engine, self._caller, client.meta.events)

    def _caller_in(self, region: str | None) -> Caller:
        return self._caller if region is None else Caller(self._caller.access_key_id, region)

    # --- many items ------------------------------------------------------------------------------

    def load(self, table: str, items: Iterable[Mapping[str, Any]], on_refused: OnRefused | None = None) -> Loaded:
        """Put many items, DynamoDB JSON, thousands to a commit; return how many when all are durable.

        The last one of a key wins.  An item that PutItem would refuse raises ItemRefused, with everything before it in
        the table; or it is left out, and ``on_refused`` told of it.  Raise ResourceNotFoundException, StoreError.
        """
        return bulk.load(self._engine, self._caller, table, items, on_refused)

    def scan_all(self, table: str, **request: Any) -> Iterator[dict[str, Any]]:
        """All items of a table, DynamoDB JSON, in constant memory; ``request`` has members of Scan, such as IndexName,
        FilterExpression, or Segment with TotalSegments.

        What others write meanwhile is seen or not, item by item.  Raise ServiceError, when the first item is asked for.
        """
        return bulk.scan_all(self._engine, self._caller, {"TableName": table, **request})

    def create_tables(self, path: str | os.PathLike[str], parameters: Mapping[str, str] | None = None) -> list[str]:
        """Create the tables of a schema file, and return their names: of an answer of DescribeTable, a CreateTable
        request, a list of these, or a CloudFormation template, for whose parameters values may be given.

        Raise SchemaFileError when the file does not say which tables to create, ServiceError when one is refused.
        """
        from ddbengine.embedded.schemas import create_tables

        return create_tables(self, Path(path), parameters)

    # --- the whole store -------------------------------------------------------------------------

    def fork(self, path: str | os.PathLike[str] | None = None) -> Engine:
        """An engine of its own with everything this one holds now, in memory or in a directory that is empty or not
        there yet: about a millisecond for a small store in memory.  Others may write meanwhile.  Faults on demand stay
        behind.  Raise StoreError when there is no room, or something in the way."""
        self._refuse_if_closed()
        return Engine(self._engine.fork(None if path is None else Path(path)), self._caller)

    def reset(self) -> None:
        """Delete all tables of all regions, and everything in them."""
        self._engine.reset()

    @property
    def faults(self) -> FaultRules | None:
        """The rules by which requests fail; may be set and taken away (None) at any time.

        What is set may be any FaultsSource; setting it begins to count anew.  BadFaultRules for what makes no sense.
        """
        faults = self._engine.faults
        return None if faults is None else faults.rules

    @faults.setter
    def faults(self, source: FaultsSource | None) -> None:
        self._engine.faults = None if source is None else Faults(_rules_of(source))

    def advance_clock(self, seconds: float) -> float:
        """Put the engine's time forward, and return it in seconds since the epoch.

        What has expired by then is deleted in the background.  ValueError for a negative number of seconds.
        """
        self._refuse_if_closed()
        return self._engine.advance_clock(seconds)

    def split_partition(self, table: str, at: int | None = None) -> dict[str, Any]:
        """Cut the partition that holds a partition hash in two at that hash, without one the widest in the middle; the
        shard of its stream is closed and followed by two.

        Answer: TableName, and Partitions with FromHash, ToHash (exclusive) and ShardId of each.  Raise
        ResourceNotFoundException, or ValidationException when there is no place to cut.
        """
        try:
            return answer_of(self._engine.split_partition(table, at))
        except ApiError as error:
            raise exception_of(error, "SplitPartition") from None

    def status(self) -> StoreStatus:
        """How the store and its replicas are at this moment."""
        self._refuse_if_closed()
        return self._engine.status()

    def serve(self, port: int = 0, host: str = "127.0.0.1") -> LocalServer:
        """Serve this engine over HTTP from a thread, on a port that the system chooses for 0.

        Clients with other access keys and regions see other tables, unless the engine is ``shared``.  CannotServe when
        the port cannot be had.  Closing the engine closes the server.
        """
        from ddbengine.embedded.serving import serve

        self._refuse_if_closed()
        return serve(self._engine, self._caller, host, port, self._servers)

    def close(self) -> None:
        """Finish what was submitted, and release the store.  Again is no harm, nor in a process forked off meanwhile,
        which leaves it to its parent."""
        if os.getpid() != self._process:
            return
        for server in list(self._servers):
            server.close()
        self._engine.close()

    def _refuse_if_closed(self) -> None:
        """Raise StoreClosed where the store would not be asked, or not first."""
        with self._engine.store.snapshot():
            pass

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Engine:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        # It may wait for a disk, and the loop is not this engine's alone.
        await asyncio.to_thread(self.close)


def open(
    path: str | os.PathLike[str] | None = None,
    *,
    region: str = "us-east-1",
    access_key_id: str = "local",
    shared: bool = False,
    transient_seconds: float = 0.0,
    ttl_interval: float = TTL_INTERVAL_SECONDS,
    clock: Callable[[], float] = time.time,
    faults: FaultsSource | None = None,
    item_collection_limit: int = ITEM_COLLECTION_MAX_BYTES,
    gsi_lag_ms: int | None = None,
    partitions: int | None = 1,
    shard_rollover: float = SHARD_ROLLOVER_SECONDS,
    stream_retention_hours: float = STREAM_RETENTION_HOURS,
    s3_directory: str | os.PathLike[str] | None = None,
    replicas: int | None = None,
    replica_paths: Sequence[str | os.PathLike[str]] = (),
    durability: str = "quorum",
    eventual_reads: str = "leader",
    replica_lag_ms: int = 0,
    min_replicas: int | None = None,
) -> Engine:
    """Open the store in a directory, which is made if absent, or a new one in memory.

    ``region`` and ``access_key_id`` say whose tables the engine's methods and clients see; with ``shared`` there is one
    set of tables for all.  For ``transient_seconds`` statuses such as CREATING are shown; every ``ttl_interval``
    seconds it is seen whether items have expired; ``clock`` gives the time in seconds since the epoch.  ``faults`` are
    rules by which requests fail.  An item collection of a table with local indexes may have ``item_collection_limit``
    bytes.  Global indexes show a write ``gsi_lag_ms`` late; with None reads of them wait for earlier writes.  A new
    table has so many ``partitions``; a shard of a stream is open for ``shard_rollover`` seconds, and its records can be
    read for ``stream_retention_hours``.  ``s3_directory`` has a subdirectory for each bucket that exports and imports
    name.  From ``replicas`` on the options are of a store on disk, without effect in
    memory: ``replicas`` 1 or 3, the default; ``durability`` quorum, leader or none; ``eventual_reads`` leader or any.
    See docs/embedded.md.

    Raise ValueError for options that make no sense, CannotOpen when the store cannot be opened.
    """
    check(locals())  # before there are others than what was given
    places = [Path(place) for place in replica_paths]
    _check_replicas(3 if replicas is None else replicas, places, eventual_reads, replica_lag_ms, min_replicas)
    engine = open_engine(
        None if path is None else Path(path),
        shared=shared,
        transient_seconds=transient_seconds,
        ttl_interval=ttl_interval,
        clock=clock,
        faults=None if faults is None else _rules_of(faults),
        item_collection_limit=item_collection_limit,
        gsi_lag_ms=gsi_lag_ms,
        buckets=_buckets(s3_directory),
        streams=StreamSettings(partitions, shard_rollover, stream_retention_hours * SECONDS_PER_HOUR),
        replicas=replicas,
        replica_paths=places,
        durability=durability,
        eventual_reads=eventual_reads,
        replica_lag_ms=replica_lag_ms,
        min_replicas=min_replicas,
    )
    return Engine(engine, Caller(access_key_id, region))


def _check_replicas(
    replicas: int, places: Sequence[Path], eventual_reads: str, replica_lag_ms: int, min_replicas: int | None
) -> None:
    """Refuse options that contradict each other, or that would be without effect, as the command line does."""
    if len(places) not in (0, replicas):
        raise ValueError(f"replica_paths names a directory for each of the {replicas} replicas, not {len(places)}")
    if len({place.absolute() for place in places}) < len(places):
        raise ValueError("each of replica_paths is another directory")
    if min_replicas is not None and min_replicas > replicas:
        raise ValueError(f"min_replicas is from 1 to {replicas}, not {min_replicas}")
    if replicas == 1 and eventual_reads == "any":
        raise ValueError("eventual_reads 'any' needs 3 replicas")
    if replica_lag_ms and eventual_reads != "any":
        raise ValueError("replica_lag_ms is seen with eventual_reads 'any' only")


def _buckets(directory: str | os.PathLike[str] | None) -> Buckets | None:
    if directory is None:
        return None
    if not Path(directory).is_dir():
        raise ValueError(f"s3_directory is a directory, not {os.fspath(directory)!r}")
    from ddbengine.exchange.buckets import DirectoryBuckets

    return DirectoryBuckets(Path(directory))


def _rules_of(source: FaultsSource) -> FaultRules:
    if isinstance(source, FaultRules):
        return source
    if isinstance(source, (str, os.PathLike)):
        return read_fault_rules(os.fspath(source))
    return fault_rules(dict(source) if isinstance(source, Mapping) else list(source))
