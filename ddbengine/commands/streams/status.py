"""What a consumer shows of itself while it works: a line that stays at the bottom of a terminal, or lines of a log."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

from rich.live import Live
from rich.text import Text

from ddbengine.commands.streams.formats import console_for
from ddbengine.commands.streams.moments import age_text
from ddbengine.commands.streams.notation import printable
from ddbengine.commands.streams.running import logged
from ddbengine.consumer.progress import Progress

__all__ = ["LiveStatus", "LoggedStatus", "Rate", "summary"]

REPORT_SECONDS = 30.0
_REFRESHES_PER_SECOND = 4
_RATE_SECONDS = 5.0


class Rate:
    """How fast a counter has grown in the last seconds."""

    def __init__(self, seconds: float = _RATE_SECONDS) -> None:
        self._seconds = seconds
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, count: int, now: float) -> float:
        """Per second, with the counter at ``count`` now."""
        self._seen.append((now, count))
        while len(self._seen) > 2 and self._seen[1][0] <= now - self._seconds:
            self._seen.popleft()
        then, before = self._seen[0]
        return (count - before) / (now - then) if now > then else 0.0


def summary(progress: Progress, rate: float) -> str:
    """One line: how much, how fast, how far behind, of how many shards, and what is wrong."""
    counters = progress.counters
    parts = [f"{counters.records_handled:,} records", f"{rate:,.0f}/s", _behind(progress), _shares(progress)]
    if counters.records_dead:
        parts.append(f"{counters.records_dead:,} given up")
    if counters.trimmed:
        parts.append("data lost")
    failing = next((shard.failing for shard in progress.shards if shard.failing is not None), None)
    if failing is not None:
        parts.append(f"failing: {printable(' '.join(failing.split()))}")
    return "  ".join(parts)


def _behind(progress: Progress) -> str:
    behind = progress.millis_behind
    if behind is None:
        return "waiting for shards"
    return "up to date" if behind == 0 else f"{age_text(behind / 1000)} behind"


def _shares(progress: Progress) -> str:
    shards = f"{len(progress.shards)} of {progress.leases} shard{'' if progress.leases == 1 else 's'}"
    return shards if progress.workers < 2 else f"{shards}, {progress.workers} workers"


class LoggedStatus:
    """A log on stderr: what the consumer logs, and every half a minute how it is doing."""

    def __init__(
        self, progress: Callable[[], Progress], *, verbose: bool, report_seconds: float = REPORT_SECONDS
    ) -> None:
        self._progress = progress
        self._level = logging.DEBUG if verbose else logging.INFO
        self._report_seconds = report_seconds
        self._log = logging.getLogger("ddbengine.consumer.status")
        self._handler = logging.StreamHandler(sys.stderr)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._report, name="status", daemon=True)
        self._stack = ExitStack()

    def __enter__(self) -> LoggedStatus:
        self._stack.enter_context(logged(self._handler, self._level))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._stack.close()

    def say(self, line: str) -> None:
        self._log.info(line)

    def abandon(self) -> None:
        """The process ends now."""

    def _report(self) -> None:
        rate = Rate(self._report_seconds)
        while not self._over.wait(self._report_seconds):
            progress = self._progress()
            self.say(summary(progress, rate.of(progress.counters.records_handled, time.monotonic())))


class _Above(logging.Handler):
    """Prints what is logged above the line that stays."""

    def __init__(self, status: LiveStatus) -> None:
        super().__init__()
        self._status = status

    def emit(self, record: logging.LogRecord) -> None:
        style = "red" if record.levelno >= logging.ERROR else "yellow" if record.levelno >= logging.WARNING else ""
        self._status.say(record.getMessage(), style)


class LiveStatus:
    """The bottom line of a terminal, with the log above it."""

    def __init__(self, progress: Callable[[], Progress], *, verbose: bool) -> None:
        self._progress = progress
        self._level = logging.DEBUG if verbose else logging.INFO
        self._console = console_for(sys.stderr)
        self._rate = Rate()
        self._live = Live(
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=True,
            get_renderable=self._line,
        )
        self._stack = ExitStack()

    def __enter__(self) -> LiveStatus:
        self._stack.enter_context(self._live)
        self._stack.enter_context(logged(_Above(self), self._level))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def say(self, line: str, style: str = "") -> None:
        self._console.print(Text.assemble((f"{datetime.now():%H:%M:%S}  ", "dim"), (printable(line), style)))

    def abandon(self) -> None:
        """The process ends now: leave the terminal with a cursor.  Called where a stream may be half-way in a write."""
        os.write(sys.stderr.fileno(), b"\x1b[?25h\n")

    def _line(self) -> Text:
        progress = self._progress()
        text = summary(progress, self._rate.of(progress.counters.records_handled, time.monotonic()))
        style = "red" if any(shard.failing is not None for shard in progress.shards) else "green"
        line = Text.assemble(("● ", style), (progress.application, "bold"), "  ", text)
        line.truncate(self._console.width, overflow="ellipsis")
        return line
