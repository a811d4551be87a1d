"""The threads of replication: one for each replica, which follows or is rebuilt, and one that looks after the files.

They only take the steps of ``replica_set``; all rules are there and in ``quorum``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from ddbengine.storage.committer import Answer, Results
from ddbengine.storage.replica_set import ReplicaSet
from ddbengine.storage.status import FAILED
from ddbengine.storage.store import Plan

_log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
LAG_STEP_SECONDS = 0.01
"""How often a follower that is held back looks for what it may show."""
GATHER_MAX_SECONDS = 0.1
GATHER_FACTOR = 6
"""How long a follower lets entries gather for which nobody waits: so many times as long as it took for the last ones.
A commit costs less for many together, but while it lasts the leader's have to wait for the disk."""
MANY_PLANS = 16
"""In a group, on the average: what so many wait for is the disk, and fewer commits leave more of it to them."""
GATHER_MAX_SECONDS_OF_MANY = 0.3
GATHER_FACTOR_OF_MANY = 16
REBUILD_FIRST_WAIT_SECONDS = 0.05
REBUILD_LONGEST_WAIT_SECONDS = 30.0
CATCH_UP_TIMEOUT_SECONDS = 10.0


def gather_seconds(took: float, plans: int, groups: int) -> float:
    """How long to gather after a follower's commit that took so many seconds; ``plans`` in ``groups`` were committed
    since the one before."""
    if not groups or plans < MANY_PLANS * groups:
        return min(GATHER_FACTOR * took, GATHER_MAX_SECONDS)
    return min(GATHER_FACTOR_OF_MANY * took, GATHER_MAX_SECONDS_OF_MANY)


class Replication:
    """Runs a ReplicaSet.  ``commit`` and ``commit_now`` are what committers run."""

    def __init__(self, replicas: ReplicaSet) -> None:
        self.replicas = replicas
        self._closing = threading.Event()
        names = list(replicas.places) if len(replicas.places) > 1 else []
        self._threads = [
            threading.Thread(target=self._serve, args=[name], name=f"ddbengine-{name}", daemon=True) for name in names
        ]
        self._threads.append(threading.Thread(target=self._watch, name="ddbengine-watch", daemon=True))
        for thread in self._threads:
            thread.start()

    def commit(self, plans: Sequence[Plan], answer: Answer) -> None:
        """Commit a group; answer it as soon as enough replicas have it."""
        self.replicas.lead(plans, answer)
        self.replicas.settle()

    def commit_now(self, plans: Sequence[Plan]) -> Results:
        """Commit a group that need not wait for other replicas."""
        results: Results = []
        try:
            self.replicas.lead(plans, results.extend)
        except Exception as error:
            return [error] * len(plans)
        self.replicas.settle()
        assert results, "the leader alone is enough"
        return results

    def close(self) -> None:
        """Let followers have everything, and stop.  Nothing may be committed any more."""
        self.replicas.hasten()
        deadline = time.monotonic() + CATCH_UP_TIMEOUT_SECONDS
        while not self.replicas.is_even() and time.monotonic() < deadline:
            with self.replicas.news:
                self.replicas.news.wait(0.001)
        self.replicas.closing = True
        self._closing.set()
        self.replicas.suspicious.set()
        with self.replicas.news:
            self.replicas.news.notify_all()
        for thread in self._threads:
            thread.join()
        self.replicas.finish()

    def _serve(self, name: str) -> None:
        replicas, place = self.replicas, self.replicas.places[name]
        wait, gather = REBUILD_FIRST_WAIT_SECONDS, 0.0
        plans = groups = 0
        while not self._closing.is_set():
            try:
                began = time.monotonic()
                worked = replicas.follow(name)
                replicas.settle()
                if place.state == FAILED:
                    # The first attempt comes at once: what failed is closed and copied from the leader.
                    worked = replicas.rebuild(name)
                    if not worked:
                        self._closing.wait(wait)
                        wait = min(2 * wait, REBUILD_LONGEST_WAIT_SECONDS)
                        continue
                if worked:
                    wait = REBUILD_FIRST_WAIT_SECONDS
                    tally = replicas.tally
                    gather = gather_seconds(time.monotonic() - began, tally.plans - plans, tally.groups - groups)
                    plans, groups = tally.plans, tally.groups
                    replicas.let_gather(name, gather)
                    continue
            except Exception:
                _log.exception("the thread of replica %s had an accident, and goes on", name)
                self._closing.wait(wait)
            self._wait_for_news(name)
            replicas.let_gather(name, gather)

    def _wait_for_news(self, name: str) -> None:
        replicas = self.replicas
        with replicas.news:
            if not self._closing.is_set() and not replicas.has_news(name):
                replicas.news.wait(LAG_STEP_SECONDS if replicas.rules.lag_micros else WATCH_SECONDS)

    def _watch(self) -> None:
        suspicious = self.replicas.suspicious
        while True:
            suspicious.wait(WATCH_SECONDS)
            suspicious.clear()
            if self._closing.is_set():
                return
            for name in self.replicas.places:
                try:
                    self.replicas.check(name)
                except Exception:
                    _log.exception("looking after replica %s failed, and goes on", name)
            self.replicas.settle()
