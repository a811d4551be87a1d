"""Which records are meant: the options --from and --filter, as text and as the consumer's modules have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ddbengine.commands.streams.moments import NotAMoment, moment
from ddbengine.consumer.errors import BadPattern, BadStart
from ddbengine.consumer.filters import Accept, compile_filters
from ddbengine.consumer.positions import LATEST, TRIM_HORIZON, Start, start_from

__all__ = ["accept_of", "start_of"]

_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_NUMBER_MIN_DIGITS, _NUMBER_MAX_DIGITS = 21, 40


def accept_of(patterns: Sequence[str]) -> Accept:
    """What --filter says.  Raise BadPattern."""
    try:
        return compile_filters(patterns)
    except BadPattern as error:
        raise BadPattern(f"--filter: {error}") from None


def start_of(text: str, now: datetime) -> Start:
    """What --from says: latest, trim-horizon, a sequence number, or a moment.  Raise BadStart."""
    words = text.strip()
    if words.upper().replace("-", "_") in (LATEST, TRIM_HORIZON):
        return start_from(words)
    if _DIGITS.match(words):
        if not _NUMBER_MIN_DIGITS <= len(words) <= _NUMBER_MAX_DIGITS:
            digits = f"{_NUMBER_MIN_DIGITS} to {_NUMBER_MAX_DIGITS} digits"
            raise BadStart(f"--from: a sequence number has {digits}, not {len(words)}")
        return start_from(words)
    try:
        return start_from(moment(words, now))
    except NotAMoment as error:
        raise BadStart(f"--from: {error}, or latest, trim-horizon or a sequence number") from None
