"""A line on a terminal that says what is being done and how far it is.  Elsewhere than on a terminal it is silent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["ProgressLine"]

PATIENCE_SECONDS = 0.5
"""What is over sooner needs no line."""
REDRAW_SECONDS = 0.1
BAR_CHARACTERS = 24
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """Call it with what is done, how much and of how much; call ``clear`` before anything else is printed."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """On ``stream``, or on what is the standard error at this moment."""
        stream = sys.stderr if stream is None else stream
        self._stream = stream
        self._clock = clock
        self._is_shown = stream.isatty()
        self._due = clock() + PATIENCE_SECONDS
        self._is_drawn = False

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._is_shown or self._clock() < self._due:
            return
        self._due = self._clock() + REDRAW_SECONDS
        self._is_drawn = True
        self._stream.write(f"{_CLEAR}{what}{_bar(done, total)}")
        self._stream.flush()

    def clear(self) -> None:
        if self._is_drawn:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._is_drawn = False


def _bar(done: int, total: int) -> str:
    if total <= 0:
        return " ..."
    share = min(1.0, done / total)
    full = round(share * BAR_CHARACTERS)
    return f"  [{'#' * full}{'.' * (BAR_CHARACTERS - full)}] {share:4.0%}"
