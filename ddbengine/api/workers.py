"""Several processes that serve one port over one store: one that writes and reads, the others read and relay.

The first process serves nothing.  It forks the others, starts another in place of one that dies, and ends them all:

- the *writer* opens the store, runs every write and all that happens in the background, and serves the port too;
- each *reader* answers reads from snapshots of the same LMDB files, and passes everything else on to the writer.

When the writer dies, the next one opens the store as after any crash, while readers go on reading.  They share a
directory: the numbers of ``SharedState``, two Unix sockets of the writer, and the data of a store in memory.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ddbengine.api.server import (
    CannotServe,
    Options,
    Server,
    adjusting_pages,
    announcement,
    close_loop,
    failed,
    model_check,
    new_event_loop,
    on_stop_signals,
    opened_engine,
    settle_collector,
    stream_settings,
    tls_context,
    transient_seconds,
)
from ddbengine.storage.memory_file import roomy_shared_memory
from ddbengine.storage.shared_state import SharedState

if TYPE_CHECKING:
    from ddbengine.engine.engine import Engine

__all__ = ["serve_with_workers"]

_log = logging.getLogger(__name__)

_HEEDED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_RESTART_PAUSE_SECONDS = 1.0
"""Between two starts in one place, at least, when the first did not live that long."""
_STOP_TIMEOUT_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0
"""How long a relayed request waits for a writer that opens a large store after a crash."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the processes share."""

    options: Options
    directory: Path
    state: SharedState
    port: int

    @property
    def relay(self) -> Path:
        return self.directory / "relay"

    @property
    def http(self) -> Path:
        return self.directory / "http"

    @property
    def data(self) -> Path:
        """Of a store in memory."""
        return self.directory / "data"


def serve_with_workers(options: Options) -> int:
    """Serve until SIGTERM or SIGINT with ``options.workers`` processes; return the exit code."""
    if not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"):
        return failed(CannotServe("several workers need fork and SO_REUSEPORT, which this platform does not have"))
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
    try:
        with _shared_port(options) as port, _shared_directory() as directory:
            (directory / "data").mkdir()
            place = Place(options, directory, SharedState.create(directory / "state"), port)
            return _Supervisor(place).run()
    except CannotServe as error:
        return failed(error)


@contextmanager
def _shared_port(options: Options) -> Iterator[int]:
    """A port that is ours from now on, so that 0 means the same one to all processes."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if options.port == 0:
            try:
                holder.bind((options.host, 0))
            except OSError as error:
                raise CannotServe(f"cannot listen on {options.host}: {error.strerror}") from error
            yield holder.getsockname()[1]
        else:
            _refuse_a_port_in_use(family, options)
            yield options.port


def _refuse_a_port_in_use(family: socket.AddressFamily, options: Options) -> None:
    """Another program's port could be shared as well, if that one allows it."""
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            reason = "another program has it (choose one with --port)"
            raise CannotServe(f"cannot listen on {options.host} port {options.port}: {reason}") from error


@contextmanager
def _shared_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="ddbengine-", dir=roomy_shared_memory()))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@dataclass(slots=True)
class _Process:
    """One that was forked off."""

    number: int
    """0 is the writer."""
    pid: int
    started: float


class _Supervisor:
    """Forks the processes and waits.  It has one thread, and opens nothing that a fork must not inherit."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._processes: dict[int, _Process] = {}
        self._lifeline = os.pipe()
        """Its end tells the others that this process is gone, however it went."""

    def run(self) -> int:
        _import_before_forking()
        for number in range(self._place.options.workers):
            complaint = self._start(number)
            if complaint is not None:
                self._stop_all()
                return failed(CannotServe(complaint)) if complaint else 1
        print(announcement(self._place.options, self._place.port), flush=True)
        while True:
            if signal.sigwait(_HEEDED) != signal.SIGCHLD:
                return self._stop_all()
            for died in self._reaped():
                self._restart(died)

    def _start(self, number: int) -> str | None:
        """Fork off a process and wait until it serves; what it has to complain about, if it does not."""
        told, tell = os.pipe()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            os.close(self._lifeline[1])
            _be(number, self._place, self._lifeline[0], tell)
        os.close(tell)
        self._processes[pid] = _Process(number, pid, time.monotonic())
        with os.fdopen(told, "rb") as answers:
            answer = answers.read()
        return None if answer == b"ready" else answer.decode()

    def _restart(self, died: _Process) -> None:
        what = "the process that writes" if died.number == 0 else "a process that reads"
        _log.error("%s (%d) died; another one takes its place", what, died.pid)
        complaint = None
        while (complaint := self._start_again(died, complaint is not None)) is not None:
            _log.error("it cannot be started: %s", complaint or "it died")
            for pid in [pid for pid, process in self._processes.items() if process.number == died.number]:
                os.waitpid(pid, 0)
                del self._processes[pid]

    def _start_again(self, died: _Process, is_retry: bool) -> str | None:
        if is_retry or time.monotonic() - died.started < _RESTART_PAUSE_SECONDS:
            got = signal.sigtimedwait({signal.SIGTERM, signal.SIGINT}, _RESTART_PAUSE_SECONDS)
            if got is not None:
                os.kill(os.getpid(), got.si_signo)  # for the loop that waits for it
                return None
        return self._start(died.number)

    def _reaped(self) -> list[_Process]:
        died = []
        while self._processes:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid in self._processes:
                died.append(self._processes.pop(pid))
        return died

    def _stop_all(self) -> int:
        """Readers first: what they have relayed is still to be answered."""
        ordered = sorted(self._processes.values(), key=lambda process: -process.number)
        readers = [process.pid for process in ordered if process.number]
        writers = [process.pid for process in ordered if not process.number]
        return max([_stop(readers), _stop(writers)])


def _stop(pids: list[int]) -> int:
    """End processes and wait for them; the greatest exit code."""
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    worst, deadline = 0, time.monotonic() + _STOP_TIMEOUT_SECONDS
    for pid in pids:
        while (found := os.waitpid(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
        worst = max(worst, abs(os.waitstatus_to_exitcode(found[1])))
    return worst


def _import_before_forking() -> None:
    """What all processes need is read once, and its memory shared."""
    import uvloop  # noqa: F401

    import ddbengine.api.relay
    import ddbengine.api.requests
    import ddbengine.engine.opening
    import ddbengine.engine.reader  # noqa: F401


# --- in a process that was forked off --------------------------------------------------------------------------------

Run = Callable[[Place, asyncio.Event, Callable[[bytes], None]], Awaitable[None]]


def _be(number: int, place: Place, lifeline: int, tell: int) -> NoReturn:
    """Serve in a process that was just forked off, and end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal it comes to all; the first process tells us
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
    code = 1
    try:
        code = _served(_write if number == 0 else _read, place, lifeline, tell)
    except BaseException:
        _log.critical("the process ends", exc_info=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _served(run: Run, place: Place, lifeline: int, tell: int) -> int:
    from ddbengine.engine.opening import CannotOpen

    def say(what: bytes) -> None:
        os.write(tell, what)
        os.close(tell)

    first = os.getppid()
    loop = new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_until_stopped(run, place, lifeline, say))
    except (CannotServe, CannotOpen) as error:
        say(str(error).encode())
        return 1
    finally:
        close_loop(loop)
        if os.getppid() != first:
            shutil.rmtree(place.directory, ignore_errors=True)  # nobody else is left to do it
    return 0


async def _until_stopped(run: Run, place: Place, lifeline: int, say: Callable[[bytes], None]) -> None:
    stopping = asyncio.Event()
    on_stop_signals(stopping.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.get_running_loop().add_reader(lifeline, stopping.set)
    await run(place, stopping, say)


async def _write(place: Place, stopping: asyncio.Event, say: Callable[[bytes], None]) -> None:
    options = place.options
    memory = place.data if options.path is None else None
    engine = opened_engine(options, memory=memory, shared_state=place.state)
    engine.advance_clock(place.state.ahead_seconds)
    try:
        tls = tls_context(options)
        pages = adjusting_pages(engine, options, tls, partial(_advance, engine, place.state))
        server = Server(engine, check=model_check(), cors=options.cors, pages=pages, tls=tls)
        try:
            await server.listen_inside(place.http, place.relay, engine.store.forget_dead_readers)
            await server.listen(options.host, place.port, shares_port=True)
            settle_collector()
            say(b"ready")
            await stopping.wait()
        finally:
            await server.close()
    finally:
        engine.close()


def _advance(engine: Engine, state: SharedState, seconds: float) -> float:
    now = engine.advance_clock(seconds)
    state.put_ahead(engine.clock.ahead_seconds)
    return now


async def _read(place: Place, stopping: asyncio.Event, say: Callable[[bytes], None]) -> None:
    from ddbengine.api.handover import HandoverTo
    from ddbengine.api.relay import RelayClient
    from ddbengine.engine.reader import Reader
    from ddbengine.storage.shared_reads import SharedReads

    options = place.options
    relay = RelayClient(place.relay, _PATIENCE_SECONDS)
    reads = SharedReads(_places(place), place.state)
    reader = Reader(
        reads,
        place.state,
        relay,
        shared=options.shared,
        transient_seconds=transient_seconds(options),
        streams=stream_settings(options),
        reads_itself=options.faults is None,
        reads_eventually=options.eventual_reads == "leader",
    )
    server = Server(
        reader, check=model_check(), cors=options.cors, tls=tls_context(options), pages=HandoverTo(place.http)
    )
    try:
        await server.listen(options.host, place.port, shares_port=True)
        settle_collector()
        say(b"ready")
        await stopping.wait()
    finally:
        await server.close()
        await relay.close()
        reads.close()


def _places(place: Place) -> list[Path]:
    """The directories of the replicas."""
    from ddbengine.engine.opening import directories_of

    options = place.options
    if options.path is None:
        return [place.data]
    return directories_of(options.path, options.replicas, options.replica_paths)
