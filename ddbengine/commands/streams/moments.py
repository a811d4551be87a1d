"""Moments and spans of time as people write them: "2 minutes ago", "90s", "12:30", "2026-11-23T09:12:55Z"."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

__all__ = ["NotAMoment", "NotASpan", "age_text", "moment", "span_seconds"]

_UNIT_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)\Z", re.ASCII)
_ARTICLE = re.compile(r"an?\s+")


class NotASpan(ValueError):
    """The text is no span of time."""


class NotAMoment(ValueError):
    """The text is no moment, or one in the future."""


def span_seconds(text: str) -> float:
    """The seconds of "90s", "2 minutes" or "an hour".  Raise NotASpan."""
    words = _ARTICLE.sub("1 ", text.strip().lower(), count=1)
    found = _SPAN.match(words)
    unit = found and _UNIT_SECONDS.get(found.group(2))
    if not found or unit is None:
        raise NotASpan(f'{text!r} is no span of time; write "30s", "2 minutes" or "1.5h"')
    return float(found.group(1)) * unit


def moment(text: str, now: datetime) -> datetime:
    """The moment of "2 minutes ago", of a time of today ("12:30"), or of an ISO 8601 date with or without a time.

    Without an offset it is in the zone of ``now``, which has to have one.  Raise NotAMoment.
    """
    words = text.strip()
    found = _ago(words, now) or _today(words, now) or _date(words, now)
    if found is None:
        raise NotAMoment(f'{text!r} is no moment; write "2 minutes ago", "12:30" or "2026-11-23T12:30:00Z"')
    if found > now:
        raise NotAMoment(f"{text!r} is in the future")
    return found


def _ago(words: str, now: datetime) -> datetime | None:
    lower = words.lower()
    if lower == "now":
        return now
    try:
        return now - timedelta(seconds=span_seconds(lower.removesuffix("ago")))
    except NotASpan:
        return None
    except OverflowError:
        raise NotAMoment(f"{words!r} is before the calendar begins") from None


def _today(words: str, now: datetime) -> datetime | None:
    if ":" not in words:
        return None
    try:
        of_day = time.fromisoformat(words)
    except ValueError:
        return None
    return datetime.combine(now.date(), of_day, of_day.tzinfo or now.tzinfo)


def _date(words: str, now: datetime) -> datetime | None:
    # Python 3.10 does not know Z.
    text = f"{words[:-1]}+00:00" if words[-1:] in ("Z", "z") else words
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=now.tzinfo)


def age_text(seconds: float) -> str:
    """A span in the largest unit that says enough: "850 ms", "12 s", "4 min", "3.2 h"."""
    if seconds < 1:
        return f"{max(seconds, 0.0) * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"
