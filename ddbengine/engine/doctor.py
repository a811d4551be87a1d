"""The doctor: what is wrong with a store that nobody has open, which of its replicas are sound, and what can be done.

Storage examines each replica's pages, digest and log and compares replicas; the engine's invariants are checked on the
best one, and on every other whose entries are not the same.  ``repair`` rebuilds damaged and missing replicas from the
best.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ddbengine.engine.invariants import broken_invariants
from ddbengine.storage.errors import StoreError
from ddbengine.storage.examination import (
    UNREADABLE,
    Examined,
    Findings,
    Progress,
    best_of,
    compared,
    directories,
    examine,
    is_alone,
    reading,
)
from ddbengine.storage.findings import Finding
from ddbengine.storage.locks import DirectoryLock
from ddbengine.storage.repair import can_be_rebuilt, rebuild

__all__ = ["CannotExamine", "Diagnosis", "Rebuilt", "diagnose", "repair"]


class CannotExamine(Exception):
    """There is nothing to examine, or it may not be; args[0] tells a person why."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    path: Path
    replicas: tuple[Examined, ...]
    best: str | None
    """The replica to trust and to rebuild others from; None when none is sound."""
    contents: dict[str, Findings]
    """By replica, what is wrong between its rows.  Copying replicas does not mend it."""

    @property
    def is_clean(self) -> bool:
        return not any(replica.findings for replica in self.replicas) and not any(self.contents.values())

    @property
    def is_readable(self) -> bool:
        """Something of the store could be read."""
        return any(replica.readable and replica.state != UNREADABLE for replica in self.replicas)

    @property
    def rebuildable(self) -> tuple[Examined, ...]:
        """What ``repair`` would rebuild."""
        return () if self.best is None else tuple(filter(can_be_rebuilt, self.replicas))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    name: str
    source: str
    moved_to: Path | None
    """Where the damaged files are now."""


def diagnose(path: Path, placed: Sequence[Path], progress: Progress) -> Diagnosis:
    """Examine the store on ``path``, or in the directories ``placed`` of its replicas; raise CannotExamine."""
    with _held(path, placed) as replicas:
        return _diagnosis(path, replicas, progress)


def repair(path: Path, placed: Sequence[Path], progress: Progress) -> tuple[Diagnosis, list[Rebuilt], Diagnosis]:
    """Examine, rebuild what can be, and examine again; raise CannotExamine, or StoreError when a rebuild fails."""
    with _held(path, placed) as replicas:
        before = _diagnosis(path, replicas, progress)
        done = []
        for replica in before.rebuildable:
            source = next(other for other in before.replicas if other.name == before.best)
            progress(f"rebuilding {replica.name} from {source.name}", 0, 0)
            done.append(Rebuilt(replica.name, source.name, rebuild(replica, source)))
        return before, done, _diagnosis(path, replicas, progress) if done else before


@contextmanager
def _held(path: Path, placed: Sequence[Path]) -> Iterator[dict[str, Path]]:
    """The replicas' directories, locked against everybody else."""
    with ExitStack() as locks:
        replicas = directories(path, placed)
        if not any(map(os.path.isdir, replicas.values())):
            raise CannotExamine(f"there is no store in {path}")
        for directory in dict.fromkeys((path, *replicas.values())):
            if os.path.isdir(directory):
                _lock(locks, directory)
        yield replicas


def _lock(locks: ExitStack, directory: Path) -> None:
    try:
        locks.callback(DirectoryLock(directory).release)
    except StoreError as error:
        raise CannotExamine(f"{error}; the doctor needs it for itself") from error


def _diagnosis(path: Path, directories: dict[str, Path], progress: Progress) -> Diagnosis:
    replicas = [examine(name, directory, progress) for name, directory in directories.items()]
    replicas = compared(replicas[:1] if is_alone(replicas) else replicas, progress)
    best = best_of(replicas)
    contents = {
        replica.name: Findings(_contents(replica, progress)) for replica in _of_different_contents(replicas, best)
    }
    return Diagnosis(path, tuple(replicas), None if best is None else best.name, contents)


def _of_different_contents(replicas: list[Examined], best: Examined | None) -> list[Examined]:
    """The sound replicas, one of those with the same digest; without any, the best of what can be read at all."""
    if best is None:
        readable = [replica for replica in replicas if replica.readable and _can_be_walked(replica)]
        return sorted(readable, key=lambda replica: replica.position)[-1:]
    seen = {None if best.row is None else best.row.digest}
    different = [best]
    for replica in replicas:
        digest = None if replica.row is None else replica.row.digest
        if replica.is_sound and replica is not best and digest not in seen:
            seen.add(digest)
            different.append(replica)
    return different


def _can_be_walked(replica: Examined) -> bool:
    return not replica.findings.counts["layer-broken"] and replica.state != UNREADABLE


def _contents(replica: Examined, progress: Progress) -> Iterator[Finding]:
    done = 0

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress(f"checking items and indexes in {replica.name}", done, replica.entries or 0)

    with reading(replica.path) as txn:
        yield from broken_invariants(txn, advance)
