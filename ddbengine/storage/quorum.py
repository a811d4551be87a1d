"""Who leads, what is acknowledged, what the log must keep: the rules of replication as a state machine.

No threads, no clock, no disk: callers tell what happened and ask what follows from it.  The rules:

- A position is (term, LSN): the term of the last log entry a replica has, and the number of its last change.  Of two
  positions the greater has everything acknowledged that the other has, since an entry of a new term is only ever
  written behind all that its leader found, and acknowledged with it.
- A group is acknowledged when ``copies`` live replicas have it durably, the leader among them.  Positions are compared,
  not LSNs: under its number a follower may still have what an older leader wrote and nobody acknowledged.
- Whoever is lost is out at once: it counts for nothing until it joins again.
- With fewer live replicas than ``min_replicas`` nothing is acknowledged; what waits fails.
- Nobody leads who lacks a change that was acknowledged: a term of his would outrank the copies that have it.  If only
  such replicas are left, nobody leads.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Position(NamedTuple):
    """How far a replica's log goes; greater is better."""

    term: int
    lsn: int


NOWHERE = Position(0, 0)


class Settled(NamedTuple, Generic[T]):
    token: T
    acknowledged: bool
    """False: it cannot be promised.  It may be found written or not, and must be answered with an error."""


@dataclass(slots=True)
class Quorum(Generic[T]):
    """``T`` is whatever the caller wants back when a group is settled."""

    leader: str
    positions: dict[str, Position]
    """Of the live replicas, durable."""
    copies: int
    min_replicas: int
    held: dict[str, int] = field(default_factory=dict)
    """By rebuilding replica, the LSN that its copy has at least."""
    promised: Position = NOWHERE
    """The last position that was acknowledged, or may have been before this began: everything the first leader had.
    What enough replicas have counts too if its writer was told of a failure before: reads show it.
    Where the leader's copy alone is enough, nothing is promised for the day it is lost."""
    _waiting: deque[tuple[Position, T]] = field(default_factory=deque)
    _lost: list[T] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.leader in self.positions
        assert self.copies >= 1
        assert self.min_replicas >= 1
        self._promise(self.positions[self.leader])
        self._check()

    @property
    def writable(self) -> bool:
        """Whether a new group could be acknowledged."""
        return self.leader in self.positions and len(self.positions) >= self.min_replicas

    @property
    def acknowledged(self) -> Position:
        """What enough live replicas have; of fewer than ``copies`` live ones, all, if that is allowed."""
        if not self.writable:
            return NOWHERE
        wanted = max(self.min_replicas if self.copies > 1 else 1, min(self.copies, len(self.positions)))
        return sorted(self.positions.values(), reverse=True)[wanted - 1]

    def led(self, position: Position, token: T) -> None:
        """The leader has committed a group that ends at this position, or one without changes at its last."""
        before = self.positions[self.leader]
        assert position >= before, "a leader goes forward"
        self.positions[self.leader] = position
        self._waiting.append((position, token))

    def durable(self, name: str, position: Position) -> None:
        """A follower has everything up to here on disk.  What a replica says that was lost meanwhile does not count."""
        if name not in self.positions:
            return
        assert position >= self.positions[name], "a follower goes forward"
        self.positions[name] = position
        self._check()

    def lost(self, name: str) -> None:
        self.positions.pop(name, None)
        self.held.pop(name, None)

    def hold(self, name: str, lsn: int) -> None:
        """A copy that begins now has at least this much; the log is kept from there on until it joins."""
        assert name not in self.positions
        self.held[name] = lsn

    def joined(self, name: str, position: Position) -> None:
        """A follower is (again) there, with what the leader has or less."""
        self.held.pop(name, None)
        self.positions[name] = position
        self._check()

    def successor(self) -> str | None:
        """Who should lead when the leader is lost: the greatest position, the first name among equals.  None when
        every follower lacks something that was acknowledged."""
        followers = [(position, name) for name, position in self.positions.items() if name != self.leader]
        best = max((position for position, _ in followers), default=None)
        if best is None or best < self.promised:
            return None
        return min(name for position, name in followers if position == best)

    def elect(self, name: str, position: Position) -> None:
        """``name`` leads from here on, under a new term whose first entry it has committed.

        What waits beyond the entry before that one is lost with the old leader and fails.
        """
        assert name in self.positions
        assert position.term > self.positions[name].term, "a new leader has a new term"
        assert position.lsn > self.positions[name].lsn, "a term begins with an entry of its own"
        assert self.positions[name] >= self.promised, "whoever leads has everything that was acknowledged"
        self.leader = name
        found = self.positions[name]
        self._lost += [token for waiting, token in self._waiting if waiting > found]
        self._waiting = deque((waiting, token) for waiting, token in self._waiting if waiting <= found)
        self.positions[name] = position
        self._check()

    def settled(self) -> list[Settled[T]]:
        """What can be answered now, in order of commit; each is handed out once."""
        answers = [Settled(token, False) for token in self._lost]
        self._lost = []
        waiting = self._waiting
        if not self.writable:
            answers += [Settled(token, False) for _, token in waiting]
            waiting.clear()
            return answers
        acknowledged = self.acknowledged
        self._promise(acknowledged)
        while waiting and waiting[0][0] <= acknowledged:
            answers.append(Settled(waiting.popleft()[1], True))
        return answers

    def abandon(self) -> list[T]:
        """What still waits when nobody will report any more."""
        tokens = [*self._lost, *(token for _, token in self._waiting)]
        self._lost = []
        self._waiting.clear()
        return tokens

    def keep_after(self) -> int:
        """The LSN up to which no replica needs the log any more."""
        needed = [position.lsn for position in self.positions.values()] + list(self.held.values())
        return min(needed, default=0)

    def _promise(self, position: Position) -> None:
        if self.copies > 1:
            self.promised = max(self.promised, position)

    def _check(self) -> None:
        leading = self.positions.get(self.leader)
        if leading is None:
            return
        for name, position in self.positions.items():
            assert position <= leading, f"{name} at {position} is ahead of the leader at {leading}"
