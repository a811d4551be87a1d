"""What a consumer shows of itself."""

from __future__ import annotations

import io
import logging

import pytest

from ddbengine.commands.streams.status import LiveStatus, LoggedStatus, Rate, summary
from ddbengine.consumer.progress import Counters, Progress, ShardProgress


def shard(millis_behind: float | None, failing: str | None = None) -> ShardProgress:
    return ShardProgress("shardId-1", "100000000000000000001", millis_behind, 10, 0, failing)


def progress(*shards: ShardProgress, workers: int = 1, leases: int = 3, **counters: int) -> Progress:
    return Progress("me", "orders", "arn", 12.0, Counters(**counters), shards, leases, workers)


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (progress(leases=0), "0 records  12/s  waiting for shards  0 of 0 shards"),
        (progress(shard(0.0), leases=1, records_handled=1_234), "1,234 records  12/s  up to date  1 of 1 shard"),
        (
            progress(shard(0.0), shard(95_000.0), workers=2),
            "0 records  12/s  95 s behind  2 of 3 shards, 2 workers",
        ),
        (progress(shard(0.0), records_dead=2), "0 records  12/s  up to date  1 of 3 shards  2 given up"),
        (progress(shard(0.0), trimmed=1), "0 records  12/s  up to date  1 of 3 shards  data lost"),
        (
            progress(shard(5.0, "no\nships\x1b")),
            "0 records  12/s  5 ms behind  1 of 3 shards  failing: no ships\\u001b",
        ),
    ],
)
def test_one_line_says_how_it_is_doing(at: Progress, line: str) -> None:
    assert summary(at, 12.3) == line


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate(seconds=5)
    assert rate.of(0, 0) == 0
    assert rate.of(100, 1) == 100
    assert [rate.of(100, now) for now in (2, 6, 7)] == [50, 0, 0]


def test_a_log_has_what_the_consumer_logs_and_how_it_is_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    reported = progress(shard(0.0))
    with LoggedStatus(lambda: reported, verbose=False, report_seconds=0.01) as status:
        logging.getLogger("ddbengine.consumer").warning("the lease of shard 1 is lost")
        logging.getLogger("ddbengine.consumer").debug("a detail")
        while "up to date" not in errors.getvalue():
            status._over.wait(0.01)
    logging.getLogger("ddbengine.consumer").warning("after the end")
    assert " WARNING the lease of shard 1 is lost\n" in errors.getvalue()
    assert "INFO 0 records  0/s  up to date  1 of 3 shards\n" in errors.getvalue()
    assert "a detail" not in errors.getvalue()
    assert "after the end" not in errors.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_the_log_above_a_line_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with LiveStatus(lambda: progress(shard(0.0)), verbose=False):
        logging.getLogger("ddbengine.consumer").warning("the lease of shard 1 is lost")
    drawn = screen.getvalue()
    assert "the lease of shard 1 is lost" in drawn
    assert "orders" in drawn
    assert "up to date" in drawn
    assert drawn.rindex("\x1b[2K") > drawn.rindex("up to date")
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
