"""The server's life: listening, stopping in good order, and the two ways to have one (a process, a thread)."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ddbengine.api.acceptor import Acceptor
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.cors import Cors
from ddbengine.api.dispatch import Check, Dispatcher, Operator, Watched
from ddbengine.api.frame import Framer
from ddbengine.api.pages import AdvanceClock, Pages, SplitPartition
from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES

if TYPE_CHECKING:
    from ddbengine.engine.context import StreamSettings
    from ddbengine.engine.engine import Engine
    from ddbengine.engine.fault_rules import FaultRules
    from ddbengine.engine.job_running import Buckets

__all__ = ["CannotServe", "Options", "RunningServer", "Server", "new_event_loop", "serve", "start_server"]

_BACKLOG = 1024
_SECONDS_PER_HOUR = 3600
_COLLECT_AFTER_OBJECTS = 50_000
"""Made and not freed: a megabyte page of the smallest items is 60,000."""
TRANSIENT_SECONDS = 2.0
"""How long --delay-transient-statuses shows CREATING and its like: long enough for a client to see it, and no more."""


class CannotServe(Exception):
    """The server cannot start; the message is for the person who started it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    host: str = "127.0.0.1"
    port: int = 8000
    path: Path | None = None
    """Where the data lives; None keeps it in memory."""
    shared: bool = False
    cors: str | None = None
    delay_transient_statuses: bool = False
    log_level: str = "WARNING"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    replicas: int | None = None
    """None: three on disk; in memory there is always one."""
    replica_paths: tuple[Path, ...] = ()
    """One for each replica; none puts them below ``path``."""
    durability: str = "quorum"
    """quorum, leader or none: docs/durability.md.  In memory it says nothing."""
    eventual_reads: str = "leader"
    """leader or any."""
    replica_lag_ms: int = 0
    min_replicas: int | None = None
    """None: two of three."""
    ttl_interval: float = 1.0
    """Seconds from one look for expired items to the next."""
    item_collection_limit: int = ITEM_COLLECTION_MAX_BYTES
    gsi_lag_ms: int | None = None
    """How late global indexes show a change; None: reads of them wait for what was written before."""
    adjustable_clock: bool = False
    """Whether a page lets anybody put the engine's time forward."""
    faults: FaultRules | None = None
    buckets: Buckets | None = None
    """What exports go to and imports come from."""
    partitions: int | None = 1
    """Of a new table; None: as many as its throughput asks for."""
    shard_rollover: float = 14_400.0
    """Seconds that a shard of a stream is open."""
    stream_retention_hours: float = 24.0
    adjustable_partitions: bool = False
    """Whether a page lets anybody split partitions."""
    workers: int = 1
    """Processes that serve the port."""


class HandedOver(Protocol):
    """Takes connections that are not for the dispatcher, as ``Pages`` do."""

    async def protocol(self) -> asyncio.Protocol: ...

    async def close(self) -> None: ...


class Server:
    """One listening server on the running event loop.  The engine stays its owner's to close."""

    def __init__(
        self,
        engine: Operator,
        *,
        check: Check,
        cors: str | None = None,
        pages: HandedOver,
        limits: ConnectionLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``pages`` take the connections on which pages are asked for."""
        limits = limits or ConnectionLimits()
        allowed = Cors.of_option(cors)
        self._tls = tls
        self._pages = pages
        self._dispatcher = Dispatcher(engine, check, allowed, limits.body_bytes)
        self._acceptor = Acceptor(
            asyncio.get_running_loop(), self._dispatcher, Framer(allowed), limits, self._pages.protocol
        )
        self._listeners: list[asyncio.Server] = []
        self.port = 0

    async def listen(self, host: str, port: int, *, shares_port: bool = False) -> None:
        """Accept connections; port 0 lets the system choose.  Raises CannotServe."""
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                self._acceptor, host, port, ssl=self._tls, backlog=_BACKLOG, reuse_port=shares_port or None
            )
        except (OSError, OverflowError) as error:
            raise CannotServe(_listening_refused(host, port, error)) from error
        self._listeners.append(listener)
        self.port = listener.sockets[0].getsockname()[1]

    async def listen_inside(self, http: Path, relay: Path, lost: Callable[[], None]) -> None:
        """Accept connections of the other processes of this server: HTTP for pages, and relayed requests.

        ``lost`` is called when one of them is gone.
        """
        from ddbengine.api.relay import RelayServer

        loop = asyncio.get_running_loop()
        for path, protocol in (
            (http, self._acceptor),
            (relay, lambda: RelayServer(self._dispatcher.carry_out, self._acceptor.completions, lost)),
        ):
            path.unlink(missing_ok=True)
            self._listeners.append(await loop.create_unix_server(protocol, str(path), backlog=_BACKLOG))

    @property
    def connections(self) -> int:
        """Open connections that have not been handed to the pages."""
        return len(self._acceptor.connections)

    async def close(self) -> None:
        """Stop accepting, answer what is under way within the grace, close every connection."""
        for listener in self._listeners:
            listener.close()
        await self._acceptor.close()
        await self._pages.close()


class RunningServer:
    """A server in a thread of its own, for tests and for programs that want a port."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server, thread: threading.Thread) -> None:
        self._loop = loop
        self._server = server
        self._thread = thread
        self.port = server.port

    @property
    def connections(self) -> int:
        return self._server.connections

    def close(self) -> None:
        """Stop as on SIGTERM, and wait for it; the engine is left open."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()


def start_server(
    engine: Watched,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    check: Check | None = None,
    cors: str | None = None,
    limits: ConnectionLimits | None = None,
    tls: ssl.SSLContext | None = None,
    advance_clock: AdvanceClock | None = None,
    split_partition: SplitPartition | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> RunningServer:
    """Serve an engine from a background thread; returns when it listens.  Raises CannotServe."""
    loop = (loop_factory or new_event_loop)()
    started: list[Server] = []
    failures: list[BaseException] = []
    ready = threading.Event()

    async def listen() -> None:
        pages = Pages(
            engine.status,
            engine.index_status,
            tls=tls is not None,
            advance_clock=advance_clock,
            split_partition=split_partition,
        )
        server = Server(engine, check=check or model_check(), cors=cors, pages=pages, limits=limits, tls=tls)
        started.append(server)
        await server.listen(host, port)

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(listen())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()
        try:
            if not failures:
                loop.run_forever()
            for server in started:
                loop.run_until_complete(server.close())
        finally:
            close_loop(loop)

    thread = threading.Thread(target=run, name="ddbengine-server", daemon=True)
    thread.start()
    ready.wait()
    if failures:
        thread.join()
        raise failures[0]
    return RunningServer(loop, started[0], thread)


def serve(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.  One line on stderr says why when it cannot."""
    from ddbengine.engine.opening import CannotOpen

    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if options.workers > 1:
        from ddbengine.api.workers import serve_with_workers

        return serve_with_workers(options)
    try:
        tls = tls_context(options)
        engine = opened_engine(options)
    except (CannotServe, CannotOpen) as error:
        return failed(error)
    loop = new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_serve_until_stopped(engine, options, tls))
    except CannotServe as error:
        return failed(error)
    finally:
        close_loop(loop)
        engine.close()
    return 0


def opened_engine(options: Options, **sharing: Any) -> Engine:
    """The engine that the command line describes; ``sharing`` with other processes, as ``open_engine`` takes it.
    Raise CannotOpen."""
    from ddbengine.engine.opening import open_engine

    return open_engine(
        options.path,
        shared=options.shared,
        transient_seconds=transient_seconds(options),
        replicas=options.replicas,
        replica_paths=options.replica_paths,
        durability=options.durability,
        eventual_reads=options.eventual_reads,
        replica_lag_ms=options.replica_lag_ms,
        min_replicas=options.min_replicas,
        ttl_interval=options.ttl_interval,
        streams=stream_settings(options),
        item_collection_limit=options.item_collection_limit,
        gsi_lag_ms=options.gsi_lag_ms,
        faults=options.faults,
        buckets=options.buckets,
        **sharing,
    )


def stream_settings(options: Options) -> StreamSettings:
    from ddbengine.engine.context import StreamSettings

    retention_seconds = options.stream_retention_hours * _SECONDS_PER_HOUR
    return StreamSettings(options.partitions, options.shard_rollover, retention_seconds)


def transient_seconds(options: Options) -> float:
    return TRANSIENT_SECONDS if options.delay_transient_statuses else 0.0


async def _serve_until_stopped(engine: Engine, options: Options, tls: ssl.SSLContext | None) -> None:
    stopping = asyncio.Event()
    on_stop_signals(stopping.set)
    pages = adjusting_pages(engine, options, tls, engine.advance_clock)
    server = Server(engine, check=model_check(), cors=options.cors, pages=pages, tls=tls)
    try:
        await server.listen(options.host, options.port)
        settle_collector()
        print(announcement(options, server.port), flush=True)
        await stopping.wait()
    finally:
        await server.close()


def adjusting_pages(engine: Engine, options: Options, tls: ssl.SSLContext | None, advance_clock: AdvanceClock) -> Pages:
    """The pages of an engine, with those that change it if the options allow them."""
    return Pages(
        engine.status,
        engine.index_status,
        tls=tls is not None,
        advance_clock=advance_clock if options.adjustable_clock else None,
        split_partition=engine.split_partition if options.adjustable_partitions else None,
    )


def settle_collector() -> None:
    """Leave what the start has made out of every later garbage collection, and let a page of rows fit between two.

    With Python's own thresholds a scan spends a quarter of its time on collections that find nothing.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS)


def announcement(options: Options, port: int) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    scheme = "http" if options.tls_cert is None else "https"
    where = "in memory, gone when it stops" if options.path is None else f"in {options.path.resolve()}"
    return f"ddbengine serves DynamoDB at {scheme}://{host}:{port}  (data {where}; Ctrl+C stops it)"


def on_stop_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def tls_context(options: Options) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # An encrypted key is refused here rather than asked for on a terminal that a service does not have.
        context.load_cert_chain(options.tls_cert, options.tls_key, password=lambda: "")
    except OSError as error:
        files = " and ".join(str(path) for path in (options.tls_cert, options.tls_key) if path is not None)
        reason = error.strerror or str(error)
        if isinstance(error, ssl.SSLError):
            reason = f"not a PEM certificate with its private key ({error.reason})"
        raise CannotServe(f"cannot serve TLS with {files}: {reason}") from error
    return context


def _listening_refused(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"cannot listen on {host} port {port}: another program has it (choose one with --port)"
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"cannot listen on {host} port {port}: {reason}"


def failed(error: Exception) -> int:
    print(f"ddbengine: {error}", file=sys.stderr)
    return 1


def model_check() -> Check:
    from ddbengine.api.requests import check

    return check


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The fastest kind of loop there is on this machine."""
    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """What asyncio.run does at its end; it takes no loop of our choice before Python 3.11."""
    try:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
