"""Moments and spans as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ddbengine.commands.streams.moments import NotAMoment, NotASpan, age_text, moment, span_seconds

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("2 minutes", 120), ("an hour", 3_600), ("1.5h", 5_400), (" 1 DAY ", 86_400), ("0s", 0)],
)
def test_spans_have_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert span_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "minutes", "-1s", "5 fortnights", "1s 2s", "٣s "])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(NotASpan, match="is no span of time"):
        span_seconds(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2 minutes ago", NOW - timedelta(minutes=2)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("90s", NOW - timedelta(seconds=90)),
        ("now", NOW),
        ("12:05", datetime(2026, 11, 23, 12, 5, tzinfo=ZONE)),
        ("09:00:01", datetime(2026, 11, 23, 9, 0, 1, tzinfo=ZONE)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=ZONE)),
        ("2026-11-23 01:02", datetime(2026, 11, 23, 1, 2, tzinfo=ZONE)),
        ("2026-11-23T01:02:03Z", datetime(2026, 11, 23, 1, 2, 3, tzinfo=timezone.utc)),
        ("2026-11-23T01:02:03+01:00", datetime(2026, 11, 23, 0, 2, 3, tzinfo=timezone.utc)),
    ],
)
def test_moments_are_read_as_people_mean_them(text: str, found: datetime) -> None:
    assert moment(text, NOW) == found


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "2026-13-01", "5 fortnights ago", "1700000000"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(NotAMoment, match="is no moment"):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["12:31", "2026-11-24"])
def test_a_moment_in_the_future_is_refused(text: str) -> None:
    with pytest.raises(NotAMoment, match="is in the future"):
        moment(text, NOW)


def test_a_span_longer_than_the_calendar_is_refused() -> None:
    with pytest.raises(NotAMoment, match="before the calendar begins"):
        moment("99999999 days ago", NOW)


def test_ages_are_told_in_one_unit() -> None:
    assert [age_text(seconds) for seconds in (-1, 0.85, 12.3, 240, 11_520)] == [
        "0 ms",
        "850 ms",
        "12 s",
        "4 min",
        "3.2 h",
    ]
