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
from typing import TYPE_CHECKING

from ddbengine.api.acceptor import Acceptor
from ddbengine.api.connection_limits import ConnectionLimits
from ddbengine.api.cors import Cors
from ddbengine.api.dispatch import Check, Dispatcher, Operator
from ddbengine.api.frame import Framer
from ddbengine.api.pages import AdvanceClock, Pages, SplitPartition
from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES

if TYPE_CHECKING:
    from ddbengine.engine.engine import Engine
    from ddbengine.engine.fault_rules import FaultRules

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
    partitions: int = 1
    """Of a new table."""
    shard_rollover: float = 14_400.0
    """Seconds that a shard of a stream is open."""
    stream_retention_hours: float = 24.0
    adjustable_partitions: bool = False
    """Whether a page lets anybody split partitions."""


class Server:
    """One listening server on the running event loop.  The engine stays its owner's to close."""

    def __init__(
        self,
        engine: Operator,
        *,
        check: Check,
        cors: str | None = None,
        limits: ConnectionLimits | None = None,
        tls: ssl.SSLContext | None = None,
        advance_clock: AdvanceClock | None = None,
        split_partition: SplitPartition | None = None,
    ) -> None:
        """``advance_clock`` is what a page may put the engine's time forward with, ``split_partition`` what it may
        split partitions with; None for no such page."""
        limits = limits or ConnectionLimits()
        allowed = Cors.of_option(cors)
        self._tls = tls
        self._pages = Pages(
            engine.status,
            engine.index_status,
            tls=tls is not None,
            advance_clock=advance_clock,
            split_partition=split_partition,
        )
        self._acceptor = Acceptor(
            asyncio.get_running_loop(),
            Dispatcher(engine, check, allowed, limits.body_bytes),
            Framer(allowed),
            limits,
            self._pages.protocol,
        )
        self._listener: asyncio.Server | None = None
        self.port = 0

    async def listen(self, host: str, port: int) -> None:
        """Accept connections; port 0 lets the system choose.  Raises CannotServe."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(self._acceptor, host, port, ssl=self._tls, backlog=_BACKLOG)
        except (OSError, OverflowError) as error:
            raise CannotServe(_listening_refused(host, port, error)) from error
        self.port = self._listener.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """Open connections that have not been handed to the pages."""
        return len(self._acceptor.connections)

    async def close(self) -> None:
        """Stop accepting, answer what is under way within the grace, close every connection."""
        if self._listener is not None:
            self._listener.close()
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
    engine: Operator,
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
        server = Server(
            engine,
            check=check or _model_check(),
            cors=cors,
            limits=limits,
            tls=tls,
            advance_clock=advance_clock,
            split_partition=split_partition,
        )
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
            _close_loop(loop)

    thread = threading.Thread(target=run, name="ddbengine-server", daemon=True)
    thread.start()
    ready.wait()
    if failures:
        thread.join()
        raise failures[0]
    return RunningServer(loop, started[0], thread)


def serve(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code.  One line on stderr says why when it cannot."""
    from ddbengine.engine.context import StreamSettings
    from ddbengine.engine.opening import CannotOpen, open_engine

    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    transient = TRANSIENT_SECONDS if options.delay_transient_statuses else 0.0
    try:
        tls = _tls_context(options)
        engine = open_engine(
            options.path,
            shared=options.shared,
            transient_seconds=transient,
            replicas=options.replicas,
            replica_paths=options.replica_paths,
            durability=options.durability,
            eventual_reads=options.eventual_reads,
            replica_lag_ms=options.replica_lag_ms,
            min_replicas=options.min_replicas,
            ttl_interval=options.ttl_interval,
            streams=StreamSettings(
                options.partitions, options.shard_rollover, options.stream_retention_hours * _SECONDS_PER_HOUR
            ),
            item_collection_limit=options.item_collection_limit,
            gsi_lag_ms=options.gsi_lag_ms,
            faults=options.faults,
        )
    except (CannotServe, CannotOpen) as error:
        return _failed(error)
    loop = new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(_serve_until_stopped(engine, options, tls))
    except CannotServe as error:
        return _failed(error)
    finally:
        _close_loop(loop)
        engine.close()
    return 0


async def _serve_until_stopped(engine: Engine, options: Options, tls: ssl.SSLContext | None) -> None:
    stopping = asyncio.Event()
    _on_stop_signals(stopping.set)
    advance_clock = engine.advance_clock if options.adjustable_clock else None
    split_partition = engine.split_partition if options.adjustable_partitions else None
    server = Server(
        engine,
        check=_model_check(),
        cors=options.cors,
        tls=tls,
        advance_clock=advance_clock,
        split_partition=split_partition,
    )
    try:
        await server.listen(options.host, options.port)
        _settle_collector()
        print(_announcement(options, server.port), flush=True)
        await stopping.wait()
    finally:
        await server.close()


def _settle_collector() -> None:
    """Leave what the start has made out of every later garbage collection, and let a page of rows fit between two.

    With Python's own thresholds a scan spends a quarter of its time on collections that find nothing.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS)


def _announcement(options: Options, port: int) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    scheme = "http" if options.tls_cert is None else "https"
    where = "in memory, gone when it stops" if options.path is None else f"in {options.path.resolve()}"
    return f"ddbengine serves DynamoDB at {scheme}://{host}:{port}  (data {where}; Ctrl+C stops it)"


def _on_stop_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _tls_context(options: Options) -> ssl.SSLContext | None:
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


def _failed(error: Exception) -> int:
    print(f"ddbengine: {error}", file=sys.stderr)
    return 1


def _model_check() -> Check:
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


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    """What asyncio.run does at its end; it takes no loop of our choice before Python 3.11."""
    try:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
