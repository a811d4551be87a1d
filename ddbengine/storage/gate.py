"""The gate that reads pass on their way in and out, so that the map is never taken away under a reader.

A passage costs two set operations and no lock.  It is safe because a reader first shows itself and then looks whether
the gate is shut, while whoever shuts it first shuts and then looks who is inside: one of the two sees the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ddbengine.storage.errors import StoreClosed


class Gate:
    """``inside`` and ``shut`` are public for the fast path of ``transactions.Snapshot``."""

    __slots__ = ("_changed", "_refusal", "inside", "on_error", "shut")

    def __init__(self) -> None:
        self.inside: set[object] = set()
        self.shut = False
        self.on_error: Callable[[BaseException], None] | None = None
        """Told what a reader met, once that is out: of all errors some say that what it read is damaged."""
        self._refusal: str | None = None
        self._changed = threading.Condition()

    def wait(self, reader: object) -> None:
        """For a reader that has shown itself and found the gate shut: step back, wait, show itself again.

        Raises StoreClosed when the gate will not open again.
        """
        while self.shut:
            self.left(reader)
            with self._changed:
                self._changed.wait_for(lambda: not self.shut or self._refusal is not None)
                if self._refusal is not None:
                    raise StoreClosed(self._refusal)
            self.inside.add(reader)

    def left(self, reader: object) -> None:
        """A reader is out, and somebody may be waiting for that."""
        self.inside.discard(reader)
        with self._changed:
            self._changed.notify_all()

    @contextmanager
    def closed(self, timeout_seconds: float) -> Iterator[None]:
        """Nobody is inside, and nobody comes in, while this is held.  TimeoutError when readers stay too long."""
        with self._changed:
            self.shut = True
        try:
            self._wait_until_empty(timeout_seconds)
            yield
        finally:
            with self._changed:
                self.shut = self._refusal is not None
                self._changed.notify_all()

    def refuse(self, reason: str, timeout_seconds: float) -> None:
        """Let nobody in any more, and wait until all are out.  TimeoutError when readers stay too long."""
        with self._changed:
            self._refusal = reason
            self.shut = True
            self._changed.notify_all()
        self._wait_until_empty(timeout_seconds)

    def forsake(self, reason: str) -> None:
        """In a forked child: let nobody in.  Whoever held the lock or was inside exists in the parent only."""
        self._changed = threading.Condition()
        self._refusal = reason
        self.shut = True
        self.inside = set()

    def _wait_until_empty(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            if not self._changed.wait_for(lambda: not self.inside, max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"{len(self.inside)} reads are still open after {timeout_seconds:g} s")
