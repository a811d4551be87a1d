"""The progress line: on terminals only, late, and gone in the end."""

from __future__ import annotations

import io

import pytest

from ddbengine.commands.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_drawn_elsewhere_than_on_a_terminal() -> None:
    stream, clock = io.StringIO(), Clock()
    line = ProgressLine(stream, clock)
    clock.now = 100
    line("checking", 1, 2)
    line.clear()
    assert stream.getvalue() == ""


def test_the_line_goes_to_what_is_the_standard_error_when_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    line = ProgressLine(clock=clock)
    clock.now = 1.0
    line("checking", 1, 2)
    assert "checking" in stream.getvalue()


def test_what_is_over_at_once_is_not_drawn() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    clock.now = 0.4
    line("checking", 1, 2)
    line.clear()
    assert stream.getvalue() == ""


def test_a_bar_shows_the_share_and_is_cleared_in_the_end() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    clock.now = 1.0
    line("checking az1", 1, 2)
    line.clear()
    assert stream.getvalue() == "\r\x1b[Kchecking az1  [############............]  50%\r\x1b[K"


def test_what_has_no_known_end_has_no_bar() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    clock.now = 1.0
    line("checking az1", 0, 0)
    assert stream.getvalue() == "\r\x1b[Kchecking az1 ..."


def test_the_line_is_not_drawn_more_often_than_eyes_follow() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    for moment in range(1000):
        clock.now = 1.0 + moment / 1000
        line("checking", moment, 1000)
    assert stream.getvalue().count("\r") == 10


def test_more_than_all_is_all() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, clock)
    clock.now = 1.0
    line("checking", 12, 10)
    assert stream.getvalue().endswith("[########################] 100%")
