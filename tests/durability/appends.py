"""Writes that tell afterwards in which order they took effect: each appends its number to a list, and answers with what
the list held before.

``History`` knows when each was asked for and answered, and ``problems`` says how a list that is found contradicts any
order in which every write takes effect once, between the question and the answer:

- an acknowledged write is in the list, right behind what it answered with, and that is how the list begins;
- it comes behind all that were acknowledged before it was asked for;
- one that was answered with an error, or not at all, may be there, once; one that refused by itself is not.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ddbengine.storage.store import Outcome, ReadTxn, Writes

NUMBER = struct.Struct(">I")

Numbers = tuple[int, ...]


class Refused(Exception):
    """What a plan raises that wants nothing written."""


def decode(value: memoryview | bytes | None) -> Numbers:
    return () if value is None else tuple(number for (number,) in NUMBER.iter_unpack(bytes(value)))


def encode(numbers: Numbers) -> bytes:
    return b"".join(map(NUMBER.pack, numbers))


@dataclass
class Append:
    """A plan, and what came of it.  Without ``appends`` it only reads, and ``refuses`` makes it raise instead."""

    number: int
    key: bytes
    appends: bool
    refuses: bool
    before: frozenset[int]
    """The writes of this key that were acknowledged when this was asked for."""
    writes: bool = True
    consistent: bool = True
    answers: int = 0
    observed: Numbers | None = None
    """What the list held, once that is acknowledged."""
    lsn: int = 0

    def run(self, txn: ReadTxn) -> Outcome:
        value = txn.get(b"I" + self.key)
        if self.refuses:
            raise Refused
        body = b"" if value is None else bytes(value)
        return Outcome(body, (self._writes(decode(body)),) if self.appends else ())

    def _writes(self, numbers: Numbers) -> Writes:
        after = encode((*numbers, self.number))
        return Writes(
            puts=[(b"I" + self.key, after), (_mark(self.key, self.number), b"last")],
            deletes=[_mark(self.key, numbers[-1])] if numbers else [],
            counters=[(b"N" + self.key, (1, self.number))],
            record=(lambda: b"new:" + after) if self.number % 2 else None,
        )


def _mark(key: bytes, number: int) -> bytes:
    """A row that moves with each write, under a key longer than LMDB's own for some."""
    return b"X" + key + NUMBER.pack(number) + b"-" * (600 if number % 8 == 0 else 0)


@dataclass
class History:
    """All that was ever asked for."""

    appends: list[Append] = field(default_factory=list)

    def ask(self, key: bytes, appends: bool = True, refuses: bool = False) -> Append:
        before = frozenset(one.number for one in self.appends if one.key == key and self._counts(one))
        append = Append(len(self.appends), key, appends, refuses, before)
        self.appends.append(append)
        return append

    def answer(self, append: Append, result: Outcome | Exception) -> None:
        append.answers += 1
        assert append.answers == 1, f"{append} was answered again, with {result}"
        if isinstance(result, Refused):
            assert append.refuses
        elif isinstance(result, Outcome):
            append.observed = decode(result.body)

    def problems(self, key: bytes, found: Numbers) -> list[str]:
        problems = []
        known = {one.number: one for one in self.appends if one.key == key and one.appends and not one.refuses}
        if len(set(found)) < len(found):
            problems.append("some are there twice")
        if set(found) - known.keys():
            problems.append(f"{sorted(set(found) - known.keys())} should never have been written")
        for one in self.appends:
            if one.key != key or one.observed is None:
                continue
            due = (*one.observed, one.number) if one.appends else one.observed
            if found[: len(due)] != due:
                problems.append(f"{one.number} was acknowledged as {due}")
            if not one.before <= set(one.observed):
                problems.append(f"{one.number} did not see {sorted(one.before - set(one.observed))}")
        return [f"{key!r} holds {found}: {problem}" for problem in problems]

    def acknowledged_lsn(self) -> int:
        return max((one.lsn for one in self.appends if one.observed is not None), default=0)

    def _counts(self, one: Append) -> bool:
        return one.appends and one.observed is not None
