"""When global indexes are brought up to date, and who waits for it.

Whatever is committed is propagated soon, by a thread that writes wake: on disk its batches join the commit groups of
clients' writes, one after another while there is anything left.  In a store that commits in its callers' threads the
writer who finds a backlog runs the batch itself, which is cheaper than to wake a thread, and the thread sees to what is
left when writers pause.

A read of a global index waits until the propagator has passed what was the last logged change when the read came in.
With a lag, changes are propagated only when they are that old, and reads wait for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from ddbengine.engine.catalog import Catalog
from ddbengine.engine.housekeeping import Housekeeper
from ddbengine.engine.index_register import FOLLOWER
from ddbengine.engine.index_status import IndexesStatus, first_after, index_statuses
from ddbengine.engine.propagation import BATCH_MAX_BYTES, Propagated, PropagationBatch
from ddbengine.storage.errors import StoreClosed
from ddbengine.storage.store import Store, position_of

PROPAGATE = "propagating changes to global indexes"
INLINE_BACKLOG = 64
"""Changes after which a writer in memory runs a batch: enough to share its fixed cost, few enough not to be noticed."""
WAKE_SECONDS = 0.001
"""From a write on disk to the batch that takes it: some of the writes that follow it come along."""
WAKE_IN_MEMORY_SECONDS = 0.01
"""Nobody who reads waits for the thread there, and woken more often it would be in the way of those who write."""
IDLE_SECONDS = 0.02
"""Between batches while what is written concerns no global index."""

Then = Callable[["Exception | None"], None]
"""Called when the wait is over, or with why it is in vain."""


class Propagator:
    """Keeps the global indexes of one store up to date until closed.  Safe from many threads."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        clock: Callable[[], float],
        lag_ms: int | None = None,
        most_bytes: int = BATCH_MAX_BYTES,
        tell_passed: Callable[[int], None] | None = None,
    ) -> None:
        """``lag_ms``: how old a change has to be on ``clock``; None lets reads wait for the newest instead.
        ``most_bytes`` is what a batch reads of the log.  ``tell_passed`` is told ``passed``."""
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._lag_micros = None if lag_ms is None else lag_ms * 1000
        self._most_bytes = most_bytes
        self._inline = store.commits_at_once
        self._writers_run = self._inline and lag_ms is None
        self._wake_seconds = WAKE_IN_MEMORY_SECONDS if self._inline else WAKE_SECONDS
        self._worker = Housekeeper({PROPAGATE: self._work})
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        """Held for a batch, so that pausing can wait for the one under way."""
        self._waiting: list[tuple[int, Then]] = []
        self._paused = False
        self._closed = False
        self._fault: Exception | None = None
        self._tell_passed = tell_passed
        self._tables_made = 0
        self._passed_at_last_look = 0
        self.is_needed = False
        """Whether there may be a global index; only then a write needs to ``notice``."""
        self.passed = 0
        """Every change up to this LSN is in the indexes or concerns none."""
        with store.snapshot() as txn:
            position = position_of(txn, FOLLOWER)
        if position is not None:
            self.is_needed = True
            self._pass(position)
            if store.last_logged() > position:
                self._worker.ask(PROPAGATE)

    # --- for those who write ---------------------------------------------------------------------

    def expect_indexes(self) -> None:
        """A table may be getting global indexes: to be called before, and again when it has them."""
        with self._lock:
            self._tables_made += 1
            self.is_needed = True

    def notice(self) -> None:
        """A write was submitted."""
        if self._writers_run and self._store.last_logged() - self.passed >= INLINE_BACKLOG and not self._paused:
            self._run_for_writer()
        else:
            self._worker.ask(PROPAGATE, self._wake_seconds)

    def _run_for_writer(self) -> None:
        if self._fault is not None:
            return  # the thread tries again now and then
        try:
            self._step()
        except Exception:
            # The write it comes after is done; if the thread fails too, it says so.
            self._worker.ask(PROPAGATE)

    # --- for those who read ----------------------------------------------------------------------

    def pending_lsn(self) -> int:
        """What is to be passed before a read of a global index that comes in now; 0 if nothing is."""
        last = self._store.last_logged()
        if self.passed >= last or self._lag_micros is not None or self._paused:
            return 0
        return last

    @property
    def answers_at_once(self) -> bool:
        """Whether waiting is done by ``catch_up``, in the caller's thread."""
        return self._inline

    def catch_up(self, lsn: int) -> None:
        """Propagate here and now until ``lsn`` is passed, in a store that commits in the caller's thread.

        Raise what a batch raises.
        """
        while self.passed < lsn and not self._paused:
            if not self._step().entries:
                self._pass_gap()

    def when_passed(self, lsn: int, then: Then) -> None:
        """Have something called when ``lsn`` is passed, from whatever thread; with the exception if that fails."""
        with self._lock:
            closed = self._closed
            if not closed:
                self._waiting.append((lsn, then))
        if closed:
            then(StoreClosed("the store is closed"))
        else:
            self._worker.ask(PROPAGATE)

    # --- for tests and operators -----------------------------------------------------------------

    def drain(self) -> None:
        """Wait until the indexes have everything that is logged by now.  Raise what a batch raises."""
        self.wait(self._store.last_logged())

    def wait(self, lsn: int) -> None:
        """Wait until ``lsn`` is passed.  Raise what a batch raises."""
        if self._writers_run:
            self.catch_up(lsn)
            return
        passed: Future[None] = Future()
        self.when_passed(lsn, lambda error: passed.set_result(None) if error is None else passed.set_exception(error))
        passed.result()

    def pause(self) -> None:
        """Leave the indexes as they are until ``resume``; reads meanwhile wait for nothing."""
        self._paused = True
        with self._turn:
            pass  # a batch under way is over
        self._release()

    def resume(self) -> None:
        self._paused = False
        self._worker.ask(PROPAGATE)

    def ask(self) -> None:
        """See soon whether there is anything to do: the clock was put forward, say."""
        if self.is_needed:
            self._worker.ask(PROPAGATE)

    def status(self) -> IndexesStatus:
        """How far it and its indexes are."""
        fault, passed, last = self._fault, self.passed, self._store.last_logged()
        state = "paused" if self._paused else "running" if fault is None else "failing"
        with self._store.snapshot() as txn:
            indexes = index_statuses(txn, self._catalog)
            first = first_after(txn, passed) if indexes and last > passed else None
        behind = 0 if first is None else last - passed
        seconds = 0.0 if first is None else max(0.0, self._clock() - first / 1e6)
        return IndexesStatus(state, None if fault is None else str(fault), passed, behind, seconds, indexes)

    def close(self) -> None:
        """Stop after the batch under way; what is left is found at the next opening."""
        with self._lock:
            self._closed = True
        self._worker.close()
        self._fail(list(self._waiting), StoreClosed("the store is closed"))

    # --- the work --------------------------------------------------------------------------------

    def _work(self) -> float | None:
        """Propagate what there is; the seconds until there may be more, None if somebody will ask."""
        if self._inline and not self._waiting and self.passed != self._passed_at_last_look:
            self._passed_at_last_look = self.passed
            return self._wake_seconds  # writers see to it themselves
        read_nothing = False
        while not self._paused:
            propagated = self._step()
            if propagated.wait_micros is not None:
                return propagated.wait_micros / 1e6
            if not propagated.is_more or (read_nothing and not propagated.entries):
                break
            read_nothing = not propagated.entries
            if not propagated.applied and not self._waiting:
                return IDLE_SECONDS
        self._pass_gap()
        return self._wake_seconds if self._waiting else None

    def _step(self) -> Propagated:
        """Run one batch, and answer those who waited for it.  Raise what it raises, to those who wait as well."""
        waiting = list(self._waiting)
        try:
            with self._turn:
                made = self._tables_made
                outcome = self._store.submit(self._batch()).result()
        except Exception as error:
            self._fault = error
            self._fail(waiting, error)
            raise
        assert isinstance(outcome, Propagated), outcome
        self._fault = None
        with self._lock:
            self._pass(outcome.passed)
            if outcome.is_needed:
                self.is_needed = True
            elif made == self._tables_made:
                self.is_needed = False
        self._release()
        return outcome

    def _batch(self) -> PropagationBatch:
        lag = self._lag_micros
        until = None if lag is None else int(self._clock() * 1e6) - lag
        return PropagationBatch(self._catalog, self.passed, until, self._most_bytes)

    def _pass_gap(self) -> None:
        """Pass LSNs that no log entry has: there are some after an opening, and where not all changes are logged."""
        if self.passed >= self._store.last_logged():
            return
        with self._store.snapshot() as txn:
            if not txn.log_after(self.passed, 1):
                with self._lock:
                    self._pass(txn.lsn())
        self._release()

    def _pass(self, lsn: int) -> None:
        self.passed = max(self.passed, lsn)
        if self._tell_passed is not None:
            self._tell_passed(self.passed)

    def _release(self) -> None:
        """Call those who waited for no more than what is passed; all while paused."""
        if not self._waiting:
            return
        with self._lock:
            free = [then for lsn, then in self._waiting if self._paused or lsn <= self.passed]
            self._waiting = [(lsn, then) for lsn, then in self._waiting if not self._paused and lsn > self.passed]
        for then in free:
            then(None)

    def _fail(self, waiting: list[tuple[int, Then]], error: Exception) -> None:
        """Tell these why they wait in vain, but not those who came later: the next batch is for them."""
        with self._lock:
            failed = [one for one in self._waiting if one in waiting]
            self._waiting = [one for one in self._waiting if one not in waiting]
        for _, then in failed:
            then(error)
