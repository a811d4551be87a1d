"""What a test of durability knows of the writes it asked for: which were acknowledged, which may have happened.

A key has one writer, and that has at most one write of it under way.  So after a crash a key holds its last
acknowledged item, or one of those that were sent later and never answered; ``Ledger.settle`` compares.

Every event is also a line of a file, written before the request is sent and after the answer has come, and forced to
the disk when the server is gone: what a person reads when a round has failed.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Key = tuple[str, str]
Item = dict[str, Any]


class Ledger:
    """The possible contents of each key.  Threads may share it as long as each keeps to its own keys."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._possible: dict[Key, list[Item | None]] = {}

    def certain(self, key: Key) -> bool:
        """Whether only one content is possible; another write of a key that is in doubt would hide what came of it."""
        return len(self._possible.get(key, (None,))) == 1

    def item(self, key: Key) -> Item | None:
        """The last acknowledged content of a key."""
        return self._possible.get(key, [None])[0]

    def sent(self, key: Key, item: Item | None) -> None:
        self._possible.setdefault(key, [None]).append(item)
        self.note("sent", key, item)

    def acknowledged(self, key: Key, item: Item | None) -> None:
        self._possible[key] = [item]
        self.note("acknowledged", key, item)

    def refused(self, key: Key, item: Item | None) -> None:
        """Answered with an error that promises that nothing was written."""
        self._possible[key].remove(item)
        self.note("refused", key, item)

    def doubtful(self, key: Key, item: Item | None) -> None:
        """Answered with an error that promises nothing, or not at all."""
        self.note("doubtful", key, item)

    def settle(self, found: dict[Key, Item]) -> list[str]:
        """Compare with what the store holds after a crash, as sentences; from then on what was found is certain."""
        problems = [f"{key} holds {found[key]}, which nobody wrote" for key in found.keys() - self._possible.keys()]
        for key, possible in self._possible.items():
            item = found.get(key)
            if item not in possible:
                problems.append(f"{key} holds {item}, not one of {possible}")
            self._possible[key] = [item]
        return problems

    def note(self, event: str, *what: Any) -> None:
        os.write(self._file, json.dumps([event, *what], separators=(",", ":")).encode() + b"\n")

    def sync(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


@dataclass
class Tally:
    """A number that all writers add to at once: each addition must count once and be answered with its sum."""

    least: int = 0
    """The sum that was found last."""
    sent: int = 0
    """Additions asked for since; one more or less for threads that count at once would spoil it, so hold the lock."""
    sums: list[int] = field(default_factory=list)
    """Sums that were answered since."""

    def settle(self, found: int) -> list[str]:
        """Compare with what the store holds after a crash; from then on what was found is certain."""
        problems = []
        if len(set(self.sums)) < len(self.sums):
            problems.append(f"the same sum was answered twice: {sorted(self.sums)}")
        if found < max(self.sums, default=self.least):
            problems.append(f"the sum is {found}, but {max(self.sums, default=self.least)} was acknowledged")
        if found > self.least + self.sent:
            problems.append(f"the sum is {found}, though {self.sent} were added to {self.least}")
        self.least, self.sent, self.sums = found, 0, []
        return problems
