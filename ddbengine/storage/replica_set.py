"""The replicas of a store together: lead, follow, lose, fail over, rebuild; each a step that any thread may take.

No threads and no clock of its own (``micros`` is given, and only how long a disk took is measured), so a test can take
the steps one by one in any order; ``replication`` has the threads that take them in a server.  Locks, in this order:
``_leading`` (whoever runs a group or elects), a replica's ``lock`` (whoever writes to it), ``_lock`` (the bookkeeping,
for moments).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import lmdb

from ddbengine.storage import change_log
from ddbengine.storage.change_log import LogEntry
from ddbengine.storage.committer import Answer, Results, TargetFault, commit
from ddbengine.storage.disk import Disk
from ddbengine.storage.environment import CLOSED
from ddbengine.storage.errors import StoreClosed, StoreError, StoreFull
from ddbengine.storage.quorum import Quorum
from ddbengine.storage.recent import Recent
from ddbengine.storage.replica import SUSPICIOUS, Leader, Replica, ReplicaFault, is_fault
from ddbengine.storage.status import (
    FAILED,
    FOLLOWING,
    LEADING,
    REBUILDING,
    CommitStatus,
    LogStatus,
    ReplicaStatus,
    StoreStatus,
)
from ddbengine.storage.store import Plan, WritesOf
from ddbengine.storage.transactions import Snapshot

_log = logging.getLogger(__name__)

GATHER_MAX_CHANGES = 1 << 13
GATHER_MAX_BYTES = 8 << 20
"""What a follower may leave for later."""

SLOW_JOURNAL_SECONDS = 0.05
"""A follower whose disk takes longer for a short write gives way to the other one."""

CLOSE_TIMEOUT_SECONDS = 30.0
UNCERTAIN = "too few replicas have the write; it may have been kept or not"

Settle = Callable[[bool], None]
"""Told once whether its group is acknowledged."""
Renew = Callable[[str, Disk, Callable[[int], None]], Disk]
"""Makes a fresh disk for a replica by name, with what the given one holds.  Tells its last argument how many bytes are
copied so far, and ends when that raises."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a store promises, see docs/durability.md."""

    copies: int = 2
    """Durable copies of a group before it is answered."""
    min_replicas: int = 2
    """With fewer live ones nothing is written."""
    any_for_eventual_reads: bool = False
    lag_micros: int = 0
    """How old a change is when followers begin to show it."""


@dataclass(slots=True)
class Place:
    """Where a replica of this name belongs, and what is the matter there."""

    name: str
    state: str
    replica: Replica | None
    """None from its failure until it is rebuilt."""
    failed: Replica | None = None
    """What is left of it: to be taken up again if ``resumable``, or else to be closed before it is rebuilt."""
    resumable: bool = False
    """It ran out of room and has what it had."""
    fault: str | None = None
    copied_bytes: int = 0
    """Progress of a rebuild; 0 when there is none."""


@dataclass(slots=True)
class Tally:
    """See ``status.CommitStatus``."""

    commits: int = 0
    plans: int = 0
    groups: int = 0
    largest_group: int = 0
    commit_micros: int = 0
    failovers: int = 0


class LeaderUnreadable(Exception):
    """Somebody wanted to read the log of a leader that is still thought to be well."""


def _answer(answer: Answer, results: Results, acknowledged: bool) -> None:
    answer(results if acknowledged else [StoreError(UNCERTAIN)] * len(results))


def _nobody_asks(told: object) -> None:
    """No other process reads the store."""


def _nobody(results: Results) -> None:
    """Whom nobody waits for is told."""


class ReplicaSet:
    """Sound replicas of one store, one of them leading.  ``missing`` names those that are to be rebuilt at once."""

    def __init__(
        self,
        replicas: Sequence[Replica],
        leader: str,
        writes_of: WritesOf,
        rules: Rules,
        *,
        renew: Renew,
        micros: Callable[[], int],
        missing: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        announce: Callable[[str], None] | None = None,
        tell_logged: Callable[[int], None] | None = None,
    ) -> None:
        """``micros``: microseconds since the epoch.  ``missing``: what is wrong with each replica that should be there
        and is not, by name.  ``paths``: where replicas are, for ``status``.  ``announce`` is told who leads, and
        ``tell_logged`` how far its log goes, before anything of that is acknowledged."""
        self._writes_of = writes_of
        self.rules = rules
        self._renew = renew
        self._micros = micros
        self._paths = paths or {}
        self.places = {replica.name: Place(replica.name, FOLLOWING, replica) for replica in replicas}
        for name, fault in (missing or {}).items():
            self.places[name] = Place(name, FAILED, None, fault=fault)
        self.places[leader].state = LEADING
        positions = {replica.name: replica.position for replica in replicas}
        self._quorum: Quorum[Settle] = Quorum(leader, positions, rules.copies, rules.min_replicas)
        self._leading = threading.RLock()
        self._lock = threading.Lock()
        self.news = threading.Condition(self._lock)
        """Notified when there may be something to do for a follower."""
        self.haste = threading.Condition(self._lock)
        """Notified when a follower has to do it now."""
        self.tally = Tally()
        self._recent = Recent()
        self._published = positions[leader]
        self._leader = self._led_by(next(replica for replica in replicas if replica.name == leader))
        self.leader_disk = self._leader.replica.disk
        """Where consistent reads go."""
        self._announce = announce or _nobody_asks
        self._tell_logged = tell_logged or _nobody_asks
        self._tell_logged(self._leader.last_logged)
        self._announce(leader)
        self.suspicious = threading.Event()
        """Set when a read met damage: a replica is to be checked soon."""
        for replica in replicas:
            self._listen(replica)
        self._round = count()
        self._receivers = list(self.places)
        """In what order followers are asked to keep in their journals what is to be acknowledged."""
        self.closing = False
        """Set when nothing that takes long should be begun or finished any more."""
        self._is_hasty = False

    # --- reading ---------------------------------------------------------------------------------

    def readable(self, consistent: bool) -> Disk:
        """Where a read should go."""
        if consistent or not self.rules.any_for_eventual_reads:
            return self.leader_disk
        live = [place.replica for place in list(self.places.values()) if place.replica is not None]
        return live[next(self._round) % len(live)].disk if live else self.leader_disk

    # --- leading ---------------------------------------------------------------------------------

    def lead(self, plans: Sequence[Plan], answer: Answer) -> None:
        """Run and commit a group on the leader; ``settle`` will answer it when enough replicas have it, or never can.

        When the leader fails another one takes over and the group runs there.  Raise StoreError when nobody can, and
        then it has been written nowhere that counts.
        """
        with self._leading:
            while True:
                if not self._quorum.writable:
                    raise StoreError(self._why_not_writable())
                leader = self._leader
                before = leader.replica.row.lsn
                started = self._micros()
                try:
                    results = commit(leader, self._writes_of, plans)
                except TargetFault as fault:
                    if not self.lose(leader.replica.name, fault):
                        raise
                    continue
                self._count(len(plans), leader.replica.row.lsn > before, self._micros() - started)
                self._tell_logged(leader.last_logged)
                if self.rules.copies == 1:
                    answer(results)
                    answer = _nobody
                self._publish(leader, partial(_answer, answer, results))
                self._pass_on()
                return

    def settle(self) -> None:
        """Answer every group that is acknowledged by now, or cannot be any more."""
        with self._lock:
            settled = self._quorum.settled()
        for settle, acknowledged in settled:
            settle(acknowledged)

    def _publish(self, leader: Leader, settle: Settle) -> None:
        entries, leader.entries = leader.entries, []
        with self._lock:
            for entry in entries:
                self._recent.add(entry, self._promised_lsn())
            self._published = leader.replica.position
            self._quorum.led(self._published, settle)

    def _pass_on(self) -> None:
        """Let a follower have in its journal what is published, if that makes it acknowledged, and tell the others."""
        if self.rules.copies > 1:
            for name in list(self._receivers):
                if self._is_acknowledged() or self._receive(name):
                    break
        with self._lock:
            self.news.notify_all()
            if not all(map(self._may_gather, self.places)):
                self.haste.notify_all()

    def _is_acknowledged(self) -> bool:
        """Whether everything published is."""
        with self._lock:
            return self._quorum.acknowledged >= self._published

    def _receive(self, name: str) -> bool:
        """Whether a follower has everything published in its journal now.  Under ``_leading``, which whoever closes the
        disk of a lost replica has held since."""
        place = self.places[name]
        replica = place.replica
        if replica is None or place.state != FOLLOWING or not replica.can_receive():
            return False
        with self._lock:
            entries = self._recent.after(replica.position)
        if not entries:
            return False
        began = time.monotonic()
        try:
            replica.receive(entries)
        except StoreFull:
            return False  # its tree may have room that was used before; the thread that follows will see
        except Exception as error:
            self.lose(name, error)
            return False
        if time.monotonic() - began > SLOW_JOURNAL_SECONDS:
            self._receivers.remove(name)
            self._receivers.append(name)
        self._is_durable(place, replica)
        return True

    def _is_durable(self, place: Place, replica: Replica) -> None:
        with self._lock:
            if place.replica is replica:
                self._quorum.durable(place.name, min(replica.position, self._published))

    def _promised_lsn(self) -> int:
        """Where the leader alone acknowledges, what its disk loses is lost, so nothing has to be kept for that."""
        return self._quorum.promised.lsn if self.rules.copies > 1 else self._published.lsn

    def _led_by(self, replica: Replica) -> Leader:
        return Leader(replica, len(self.places) > 1, self._micros, self._keep_after)

    def _keep_after(self) -> int:
        with self._lock:
            return self._quorum.keep_after()

    def _count(self, plans: int, committed: bool, micros: int) -> None:
        tally = self.tally
        tally.groups += 1
        tally.plans += plans
        tally.commits += committed
        tally.largest_group = max(tally.largest_group, plans)
        tally.commit_micros += micros

    def _why_not_writable(self) -> str:
        faults = [f"{place.name}: {place.fault}" for place in self.places.values() if place.fault is not None]
        live = len(self._quorum.positions)
        return f"writes need {self.rules.min_replicas} replicas and there is {live} ({'; '.join(faults)})"

    @property
    def last_logged(self) -> int:
        """See ``store.Store``."""
        return self._leader.last_logged

    # --- following -------------------------------------------------------------------------------

    def follow(self, name: str) -> bool:
        """Let a follower take what is next in the log, or show what it may by now; whether there was anything."""
        place = self.places[name]
        replica = place.replica
        if replica is None or place.state != FOLLOWING:
            return False
        try:
            with replica.lock:
                worked = self._take_next(replica)
        except LeaderUnreadable as error:
            return self.lose(self._leader.replica.name, error)
        except Exception as error:
            return self.lose(name, error)
        self._is_durable(place, replica)
        return worked

    def _take_next(self, replica: Replica) -> bool:
        position = replica.row.position
        with self._lock:
            goal, leader = self._published, self._leader.replica
            entries = self._recent.after(position) or replica.received_after(position)
        if position >= goal:
            return self._show_due(replica)
        if not entries:
            entries = [entry for entry in self._read_log(leader, position.lsn) if entry.last <= goal.lsn]
        if entries:
            replica.append(entries, apply=not self.rules.lag_micros)
        elif self.places[leader.name].replica is leader:
            raise ReplicaFault(f"{replica.name} is at {position}, and the log of {leader.name} begins later")
        return bool(entries)

    def let_gather(self, name: str, seconds: float) -> None:
        """Wait until it is time for a follower to follow: what is acknowledged without it is taken better together."""
        with self.haste:
            self.haste.wait_for(lambda: not self._may_gather(name), seconds)

    def hasten(self) -> None:
        """Let no follower gather any more."""
        with self.haste:
            self._is_hasty = True
            self.haste.notify_all()

    def _may_gather(self, name: str) -> bool:
        """Whether a follower has not too much to take, and nobody waits for it.  To be asked inside ``haste``."""
        rules, replica = self.rules, self.places[name].replica
        if replica is None or self._is_hasty or rules.copies == 1 or rules.any_for_eventual_reads or rules.lag_micros:
            return False
        behind = self._published.lsn - replica.row.lsn
        is_long = behind > GATHER_MAX_CHANGES or replica.received_bytes > GATHER_MAX_BYTES
        return not is_long and self._quorum.acknowledged >= self._published

    def _read_log(self, leader: Replica, lsn: int) -> list[LogEntry]:
        try:
            return leader.read_log(lsn)
        except Exception as error:
            if self.places[leader.name].replica is leader:
                raise LeaderUnreadable(f"its log cannot be read: {error}") from error
            return []  # lost already, and this was worth a try

    def _show_due(self, replica: Replica) -> bool:
        if replica.row.applied == replica.row.lsn:
            return False
        return replica.apply_received(self._micros() - self.rules.lag_micros)

    # --- losing ----------------------------------------------------------------------------------

    def check(self, name: str) -> None:
        """Lose a replica whose files are gone or are not what was opened, or that a read has found damaged."""
        replica = self.places[name].replica
        fault = replica.fault() if replica is not None else None
        if fault is not None and self.places[name].replica is replica:
            self.lose(name, fault)

    def _listen(self, replica: Replica) -> None:
        replica.disk.gate.on_error = partial(self._suspect, replica)

    def _suspect(self, replica: Replica, error: BaseException) -> None:
        """For whoever has read, with whatever locks: only a note for ``check``."""
        if isinstance(error, SUSPICIOUS):
            replica.suspicion = error
            self.suspicious.set()

    def lose(self, name: str, error: Exception) -> bool:
        """Go on without a replica, under another leader if it led.  The last one is never given up: False then."""
        place = self.places[name]
        if place.state != LEADING:
            self._drop(place, error)
            return True
        with self._leading:
            if place.state != LEADING or place.replica is None:
                return True  # somebody else was faster
            if self._quorum.successor() is None:
                if place.fault != str(error):
                    _log.error("replica %s failed, and there is no other: %s", name, error)
                place.fault = str(error)
                return False
            self._drop(place, error)
            self._elect()
            return True

    def _drop(self, place: Place, error: Exception) -> None:
        with self.news:
            if place.replica is None:
                return
            place.failed, place.replica = place.replica, None
            place.resumable = place.state == FOLLOWING and not is_fault(error)
            if not place.resumable:
                place.failed.disk.distrust()
            place.state = FAILED
            place.fault = str(error)
            self._quorum.lost(place.name)
            self.news.notify_all()
            self.haste.notify_all()
        _log.error("replica %s is lost: %s", place.name, error)

    def _elect(self) -> None:
        """Find a leader among the followers, the best of them first."""
        while (name := self._quorum.successor()) is not None:
            while self.follow(name):
                pass  # what the old leader had committed, as far as it can still be had
            replica = self.places[name].replica
            if replica is None:
                continue
            leader, lost = self._led_by(replica), max(self._published.lsn, self._leader.replica.row.lsn)
            try:
                with replica.lock:
                    replica.apply_received(None)
                    # A copy of the old leader may have a last group that was never published; then it stays.
                    with self._lock:
                        self._quorum.durable(name, replica.position)
                    leader.begin_term(self._published.term + 1, lost)
            except Exception as error:
                self._drop(self.places[name], error)
                continue
            self._install(leader)
            return
        _log.critical("no replica is left to lead")

    def _install(self, leader: Leader) -> None:
        replica = leader.replica
        with self.news:
            self._quorum.elect(replica.name, replica.position)
            self._recent.cut(leader.entries[0].first - 1)
            for entry in leader.entries:
                self._recent.add(entry, self._promised_lsn())
            leader.entries = []
            self._published = replica.position
            self.places[replica.name].state = LEADING
            self._leader = leader
            self.leader_disk = replica.disk
            self._tell_logged(leader.last_logged)
            self._announce(replica.name)
            self.tally.failovers += 1
            self.news.notify_all()
        _log.warning("replica %s leads from change %d on", replica.name, replica.position.lsn)

    # --- rebuilding ------------------------------------------------------------------------------

    def rebuild(self, name: str) -> bool:
        """Bring a failed replica back: as it is if it only ran out of room, or else as a copy of the leader."""
        place = self.places[name]
        with self._leading, self._lock:
            if place.state != FAILED:
                return False
            source = self._leader.replica
            if self.places[source.name].replica is not source:
                return False  # nobody is left to copy from
            if place.resumable and place.failed is not None:
                self._join(place, place.failed)
                return True
            place.state = REBUILDING
            level = logging.INFO if place.failed is None else logging.WARNING
            self._quorum.hold(name, source.row.lsn)
        try:
            if place.failed is not None:
                place.failed.disk.close(CLOSE_TIMEOUT_SECONDS)
                place.failed = None
            replica = _opened(name, self._renew(name, source.disk, partial(self._advance, place)))
        except Exception as error:
            with self._lock:
                place.state, place.copied_bytes = FAILED, 0
                place.fault = f"cannot be rebuilt: {error}"
                self._quorum.lost(name)
            if not self.closing:
                _log.error("replica %s cannot be rebuilt: %s", name, error)
            return False
        with self._leading, self._lock:
            self._join(place, replica)
        _log.log(level, "replica %s is made anew and follows from change %d on", name, replica.position.lsn)
        return True

    def _join(self, place: Place, replica: Replica) -> None:
        place.replica, place.failed, place.resumable = replica, None, False
        place.state, place.fault, place.copied_bytes = FOLLOWING, None, 0
        self._listen(replica)
        # A copy may have more than is published yet; a diverged one is found out when it follows.
        self._quorum.joined(place.name, min(replica.position, self._published))

    def _advance(self, place: Place, copied_bytes: int) -> None:
        if self.closing:
            raise StoreClosed(CLOSED)
        place.copied_bytes = copied_bytes

    # --- what can be seen ------------------------------------------------------------------------

    def status(self, durability: str) -> StoreStatus:
        with self._lock:
            leader, term = self._leader.replica, self._published.term
            writable, acknowledged = self._quorum.writable, self._quorum.acknowledged.lsn
        replicas = tuple(self._status_of(place, leader) for place in self.places.values())
        tally = self.tally
        return StoreStatus(
            durability,
            writable,
            term,
            acknowledged,
            replicas,
            self._log_status(leader),
            CommitStatus(
                tally.commits,
                tally.plans,
                tally.groups,
                tally.largest_group,
                tally.commit_micros / 1e6,
                tally.failovers,
            ),
        )

    def _status_of(self, place: Place, leader: Replica) -> ReplicaStatus:
        replica = place.replica
        path = self._paths.get(place.name)
        if replica is None:
            progress = (place.copied_bytes, _sizes_of(leader.disk)[1]) if place.state == REBUILDING else (0, 0)
            return ReplicaStatus(
                place.name, path, place.state, 0, 0, 0, leader.row.lsn, 0.0, place.fault, *progress, 0, 0
            )
        row = replica.row
        lag = max(0, leader.row.lsn - row.applied)
        seconds = (self._micros() - replica.last_micros) / 1e6 if lag and replica.last_micros else 0.0
        return ReplicaStatus(
            place.name,
            path,
            place.state,
            *replica.position,
            row.applied,
            lag,
            seconds,
            place.fault,
            0,
            0,
            *_sizes_of(replica.disk),
        )

    def _log_status(self, leader: Replica) -> LogStatus:
        row = leader.row
        try:
            with Snapshot(leader.disk.begin, leader.disk.gate) as snapshot:
                entries = sum(1 for _ in change_log.firsts(snapshot.txn))
        except (StoreError, lmdb.Error):
            entries = 0
        return LogStatus(row.log_from, row.lsn, entries)

    # --- the beginning and the end ---------------------------------------------------------------

    def begin_term(self) -> None:
        """Let everything the leader has outrank whatever else may turn up: at an opening where not all copies were
        there and alike."""
        with self._leading:
            leader = self._leader
            with leader.replica.lock:
                leader.begin_term(self._published.term + 1)
            self._publish(leader, partial(_answer, _nobody, []))
            self._pass_on()

    def rebuild_before_serving(self) -> None:
        """Rebuild, here and now, as many replicas as it takes to write, and all of an empty store; others can wait."""
        for name in self.places:
            if self._quorum.writable and self._published.lsn:
                return
            self.rebuild(name)

    def has_news(self, name: str) -> bool:
        """Whether there is something for a follower to take, or a replica to rebuild.  To be asked inside ``news``."""
        place = self.places[name]
        if place.replica is None:
            return place.state == FAILED
        return place.state == FOLLOWING and place.replica.row.position < self._published

    def is_even(self) -> bool:
        """Whether no follower has anything left to take."""
        with self._lock:
            return not any(self.has_news(name) for name, place in self.places.items() if place.replica is not None)

    def finish(self) -> None:
        """Show what was held back, answer what still waits.  Nobody may be at work any more."""
        for place in self.places.values():
            if place.replica is not None:
                try:
                    if place.state == FOLLOWING:
                        place.replica.apply_received(None)
                    if place.replica.row.position >= self._published:
                        place.replica.forget_journal()
                except Exception as error:
                    self._drop(place, error)
        self.settle()
        with self._lock:
            abandoned = self._quorum.abandon()
        for settle in abandoned:
            settle(False)

    def disks(self) -> list[Disk]:
        """All that are open, the failed ones too."""
        replicas = [replica for place in self.places.values() for replica in (place.replica, place.failed)]
        return [replica.disk for replica in replicas if replica is not None]

    def close_disks(self, timeout_seconds: float) -> None:
        """StoreBusy when a read stays open; then it may be tried again."""
        for disk in self.disks():
            disk.close(timeout_seconds)


def _sizes_of(disk: Disk) -> tuple[int, int]:
    """See ``Disk.sizes``.  Zeros for one that was closed meanwhile: who asks how replicas are takes no locks, and a
    replica that failed is closed before it is rebuilt."""
    try:
        return disk.sizes()
    except lmdb.Error:
        return 0, 0


def _opened(name: str, disk: Disk) -> Replica:
    """The replica on a fresh disk, which is closed again if it is none."""
    try:
        return Replica(name, disk)
    except BaseException:
        disk.distrust()
        disk.close(CLOSE_TIMEOUT_SECONDS)
        raise
