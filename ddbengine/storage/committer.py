"""Committers: plans in, futures out.  The one place where something is written.

A group of plans runs in one write transaction, each plan seeing the changes of those before it; then there is one
commit, and only then is anybody answered, for even a refusal may rest on a change of the same group.

- ``InlineCommitter`` commits every plan by itself in the caller's thread: for stores that do not wait for a disk.
- ``GroupCommitter`` has a thread that takes all plans which are waiting; while one group's fsync runs, the next group
  gathers.  There is no timer: a lone write costs one commit and waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Protocol

import lmdb

from ddbengine.storage.environment import CLOSED, FORKED, refuse_when_closed, store_error
from ddbengine.storage.errors import StoreError
from ddbengine.storage.futures import Promised, Settled
from ddbengine.storage.store import Outcome, Plan, WritesOf
from ddbengine.storage.transactions import WriteTransaction

GROUP_MAX_PLANS = 512
"""Bounds what is lost to a failed commit and run again, and the memory a transaction takes."""

Results = list["Outcome | Exception"]
Answer = Callable[[Results], None]


class Target(Protocol):
    """Where groups are committed: an Environment by itself, or the leader of replicas."""

    def begin_group(self) -> WriteTransaction: ...

    def commit_group(self, view: WriteTransaction) -> None:
        """Flush the counters and commit; touches no disk when nothing was written."""
        ...

    def abandon_group(self, view: WriteTransaction) -> None: ...

    def grow(self) -> None: ...

    def is_fault(self, error: Exception) -> bool:
        """Whether an error is the target's own, so that the plans should be run somewhere else."""
        ...

    def plan_failed(self, error: Exception) -> None:
        """A plan raised this; it may be for what it read."""
        ...


class TargetFault(StoreError):
    """The target failed, and nothing of the group was acknowledged or will be."""


def commit(target: Target, writes_of: WritesOf, plans: Sequence[Plan]) -> Results:
    """Run plans in order and commit their changes together; say for each what came of it.

    A plan that raises has written nothing.  When the map is full it is made larger and all plans run again.  When
    applying changes or committing fails for another reason, each plan gets a transaction of its own, so that the one
    at fault fails alone: with StoreFull or StoreError, or with what ``writes_of`` raised.
    The only Exception it raises is TargetFault, before anything was committed.
    """
    while True:
        try:
            try:
                return _attempt(target, writes_of, plans)
            except lmdb.MapFullError:
                target.grow()
        except Exception as error:
            if target.is_fault(error):
                raise TargetFault(f"the commit failed: {error}") from error
            if len(plans) == 1:
                return [_as_failure(error)]
            return [_commit_alone(target, writes_of, plan) for plan in plans]


def _commit_alone(target: Target, writes_of: WritesOf, plan: Plan) -> Outcome | Exception:
    try:
        return commit(target, writes_of, [plan])[0]
    except TargetFault as fault:
        # Others of its group may be committed already, so the group cannot be run elsewhere any more.
        return fault


def _attempt(target: Target, writes_of: WritesOf, plans: Sequence[Plan]) -> Results:
    view = target.begin_group()
    try:
        results: Results = []
        for plan in plans:
            try:
                outcome = plan.run(view)
            except lmdb.Error:
                raise  # a full map, of counters that a scan wanted to see, or a broken file: not the plan's doing
            except Exception as error:
                target.plan_failed(error)
                results.append(error)
                continue
            for change in outcome.changes:
                view.apply(writes_of(change, view))
            results.append(outcome)
        target.commit_group(view)
    except BaseException:
        target.abandon_group(view)
        raise
    return results


def _as_failure(error: Exception) -> Exception:
    failure = store_error(error)
    if failure is not error:
        failure.__cause__ = error
    return failure


def _settle_all(futures: Sequence[Promised], results: Sequence[Outcome | Exception]) -> None:
    for future, result in zip(futures, results, strict=False):
        future.settle(result)


class InlineCommitter:
    """Commits in the thread that submits, one plan at a time, and returns resolved futures.

    ``run`` commits plans and says what came of each, as ``commit`` does.
    """

    def __init__(self, run: Callable[[Sequence[Plan]], Results]) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._refusal: str | None = None
        self.plans = 0
        """How many were run."""

    def submit(self, plan: Plan) -> Future[Outcome]:
        if self._refusal is not None:
            refuse_when_closed(self._refusal)  # before the lock: who forked this process off may have held it
        with self._lock:
            if self._refusal is not None:
                refuse_when_closed(self._refusal)
            self.plans += 1
            [result] = self._run((plan,))
        return Settled(result)

    def close(self) -> None:
        with self._lock:
            self._refusal = CLOSED

    def forsake(self) -> None:
        self._refusal = FORKED


class GroupCommitter:
    """Commits whatever waits, in a thread of its own, and resolves each future when its plan's changes are durable.

    ``run`` commits a group and gives the results to the function it is handed, at once or when enough replicas have
    it, from whatever thread.
    """

    def __init__(self, run: Callable[[Sequence[Plan], Answer], None]) -> None:
        self._commit = run
        self._lock = threading.Lock()
        self._refusal: str | None = None
        self._waiting: SimpleQueue[tuple[Plan, Promised] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ddbengine-committer", daemon=True)
        self._thread.start()

    def submit(self, plan: Plan) -> Future[Outcome]:
        if self._refusal is not None:
            refuse_when_closed(self._refusal)
        future = Promised()
        with self._lock:
            # Under the lock, so that nothing can be put behind the mark that ends the thread.
            if self._refusal is not None:
                refuse_when_closed(self._refusal)
            self._waiting.put((plan, future))
        return future

    def close(self) -> None:
        """Finish everything that was submitted."""
        with self._lock:
            if self._refusal is None:
                self._refusal = CLOSED
                self._waiting.put(None)
        self._thread.join()

    def forsake(self) -> None:
        self._refusal = FORKED

    def _run(self) -> None:
        while True:
            group, last = self._take()
            futures = [future for _, future in group]
            try:
                if group:
                    self._commit([plan for plan, _ in group], partial(_settle_all, futures))
            except BaseException as error:
                # Not even this may leave somebody waiting, or end the thread that everybody depends on.
                failure = error if isinstance(error, StoreError) else StoreError(f"the committer failed: {error!r}")
                if failure is not error:
                    failure.__cause__ = error
                _settle_all([future for future in futures if not future.done()], [failure] * len(group))
            if last:
                return

    def _take(self) -> tuple[list[tuple[Plan, Promised]], bool]:
        """All that waits, at least one; and whether nothing can come after it.  What was cancelled is left out."""
        waiting = self._waiting
        group: list[tuple[Plan, Promised]] = []
        while len(group) < GROUP_MAX_PLANS and (not group or waiting.qsize()):
            taken = waiting.get()
            if taken is None:
                return group, True
            if taken[1].set_running_or_notify_cancel():
                group.append(taken)
        return group, False
