"""Futures of writes: those of ``concurrent.futures``, without their locks and conditions unless somebody waits.

A write makes one future, gives it one callback and settles it once.  For that much, what settles it and who asks meet
in single operations of the interpreter.  Whatever else a future can do (to wait, to be cancelled, to be waited for with
others) works as ever: the first touch of the base class's state sets that up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ddbengine.storage.store import Outcome

__all__ = ["Promised", "Settled"]

_log = logging.getLogger(__name__)

_base = threading.RLock()
"""Held by who sets up the base class's state, and by who then brings it up to date."""

Callback = Callable[[Future[Outcome]], object]


class Promised(Future[Outcome]):
    """A future that ``settle`` resolves, once."""

    _settled: Outcome | Exception | None = None
    _is_cancelled = False
    _is_told = False
    """Whether the base class knows of the result."""

    def __init__(self) -> None:
        self._callbacks: list[Callback] = []
        """Whoever takes one out calls it, so that each is called once."""
        self._tickets = [None]
        """Whoever takes it out has the future run, or cancelled."""

    def settle(self, result: Outcome | Exception) -> None:
        assert self._settled is None, "a future is resolved once"
        self._settled = result
        # Who sets up the base class from now on sees the result; who did before is seen here.
        if "_condition" in self.__dict__:
            self._tell_base()
        if self._callbacks:
            self._call_back()

    def done(self) -> bool:
        return self._settled is not None or self._is_cancelled

    def cancelled(self) -> bool:
        return self._is_cancelled

    def running(self) -> bool:
        return not self._tickets and not self.done()

    def result(self, timeout: float | None = None) -> Outcome:
        settled = self._settled
        if settled is None:
            return super().result(timeout)
        if isinstance(settled, Exception):
            raise settled
        return settled

    def exception(self, timeout: float | None = None) -> BaseException | None:
        settled = self._settled
        if settled is None:
            return super().exception(timeout)
        return settled if isinstance(settled, Exception) else None

    def add_done_callback(self, fn: Callback) -> None:
        if self._settled is not None:
            self._call(fn)
            return
        self._callbacks.append(fn)
        # Who resolves it looks for callbacks after this is set.
        if self._settled is not None or self._is_cancelled:
            self._call_back()

    def set_running_or_notify_cancel(self) -> bool:
        try:
            self._tickets.pop()
        except IndexError:
            with _base:
                super().set_running_or_notify_cancel()
            return False
        return True

    def cancel(self) -> bool:
        with _base:
            try:
                self._tickets.pop()
            except IndexError:
                return self._is_cancelled
            super().cancel()
            self._is_cancelled = True
        self._call_back()
        return True

    def _call_back(self) -> None:
        while self._callbacks:
            try:
                callback = self._callbacks.pop(0)
            except IndexError:
                return
            self._call(callback)

    def _call(self, callback: Callback) -> None:
        try:
            callback(self)
        except Exception:
            _log.exception("a callback of %r failed", self)

    def _tell_base(self) -> None:
        with _base:
            if self._is_told or self._settled is None:
                return
            self._is_told = True
            if isinstance(self._settled, Exception):
                super().set_exception(self._settled)
            else:
                super().set_result(self._settled)

    def __getattr__(self, name: str) -> Any:
        with _base:
            if "_condition" not in self.__dict__:
                # All at once: who finds the condition must find the rest, or would come here while holding it.
                ordinary: Future[Outcome] = Future()
                self.__dict__.update(ordinary.__dict__)
                self._tell_base()
            try:
                return self.__dict__[name]
            except KeyError:
                raise AttributeError(name) from None


class Settled(Promised):
    """One that is born resolved."""

    def __init__(self, result: Outcome | Exception) -> None:
        self._settled = result
        self._callbacks = _NONE
        self._tickets = _NONE


_NONE: list[Any] = []
"""Of all that are settled: nobody adds to it."""
