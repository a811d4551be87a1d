"""What the process that writes to a store tells those that only read it: a page of memory with a few numbers.

Each number is eight aligned bytes that are written and read in one piece.  Only the writing process writes.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

__all__ = ["EVERYTHING", "SharedState"]

_LEADER, _GENERATION, _LAST_LOGGED, _PASSED, _AHEAD_MICROS = range(5)
_SIZE = 4096
EVERYTHING = 2**64 - 1


class SharedState:
    """The numbers, over a file that the processes share.  It is made by ``create`` and opened by its path."""

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        try:
            self._numbers = memoryview(mmap.mmap(file, _SIZE)).cast("Q")
        finally:
            os.close(file)

    @staticmethod
    def create(path: Path) -> SharedState:
        """A new one, all zeros."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(file, _SIZE)
        finally:
            os.close(file)
        return SharedState(path)

    # --- written by the process that writes to the store ---------------------------------------------------------

    def lead(self, place: int) -> None:
        """From now on the replica of this place, counted from 0, leads, and reads go to it.  To be called before
        anything it commits is acknowledged."""
        numbers = self._numbers
        numbers[_LEADER] = place
        numbers[_GENERATION] += 1

    def tell_logged(self, lsn: int) -> None:
        """How far the log goes that followers read (``Store.last_logged``).  To be called before a change is
        acknowledged."""
        self._numbers[_LAST_LOGGED] = lsn

    def tell_passed(self, lsn: int) -> None:
        """How far global indexes are; EVERYTHING where no read has to wait for them."""
        self._numbers[_PASSED] = lsn

    def put_ahead(self, seconds: float) -> None:
        """By how much the engine's clock is ahead of the machine's."""
        self._numbers[_AHEAD_MICROS] = int(seconds * 1e6)

    # --- read by the others --------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Counts the openings and elections; 0 before the store was opened for the first time."""
        return self._numbers[_GENERATION]

    @property
    def leader(self) -> int:
        return self._numbers[_LEADER]

    @property
    def last_logged(self) -> int:
        return self._numbers[_LAST_LOGGED]

    @property
    def is_log_passed(self) -> bool:
        """Whether global indexes show all that was acknowledged."""
        return self._numbers[_PASSED] >= self._numbers[_LAST_LOGGED]

    @property
    def ahead_seconds(self) -> float:
        return self._numbers[_AHEAD_MICROS] / 1e6
