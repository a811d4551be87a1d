"""Opening the replicas of a store: which are sound, who leads, what the others miss.

The rule: of the sound replicas the one with the greatest (term, LSN) leads, and has everything that was ever
acknowledged as long as a quorum of the copies is there.  So more than a minority of damaged or missing copies is not
for a program to decide about, and opening is refused unless ``min_replicas`` allows to go on with what there is.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import lmdb

from ddbengine.storage.digest import digest_of
from ddbengine.storage.disk import Disk
from ddbengine.storage.environment import Environment, make_directory
from ddbengine.storage.errors import StoreBusy, StoreError, StoreFormat, StoreUnusable
from ddbengine.storage.examination import DAMAGED, MISSING, SOUND, UNREADABLE, examine
from ddbengine.storage.journal_files import remove_journal
from ddbengine.storage.migration import new_row
from ddbengine.storage.position import REPLICA_KEY, ReplicaRow, read_row, write_row
from ddbengine.storage.replica import Replica, ReplicaFault
from ddbengine.storage.seal import DATA_FILE, SEAL_FILE, is_sealed, sync_directory
from ddbengine.storage.transactions import Snapshot

_log = logging.getLogger(__name__)

WORK_DIRECTORY = "rebuild"
LOCK_FILE = "lock.mdb"
COPY_CHUNK_ENTRIES = 1000
"""Copied in one go, so that nobody waits for long: about a millisecond."""
CLOSE_TIMEOUT_SECONDS = 1.0

Open = Callable[[Path, bool], Environment]
"""Opens the environment in a directory; whether its seal fits."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What there is to build a ReplicaSet of."""

    replicas: Sequence[Replica]
    leader: str
    missing: Mapping[str, str]
    """What is wrong with each of the others, by name."""
    is_even: bool
    """All copies are there and at the same place, or nothing was ever written: nothing can turn up later."""


def recover(places: Mapping[str, Path], open_environment: Open, min_replicas: int) -> Recovered:
    """Open the replicas that are sound; see the module.  Raise StoreError's family, with everything closed again."""
    opened: dict[str, Replica] = {}
    wrong: dict[str, str] = {}
    try:
        for name, path in places.items():
            found = _look_at(name, path, open_environment)
            if isinstance(found, Replica):
                opened[name] = found
            else:
                wrong[name] = found
        if not opened and all(what == NOTHING for what in wrong.values()):
            name = next(iter(places))
            opened[name] = _begin(name, places[name], open_environment)
            del wrong[name]
        return _assess(places, opened, wrong, min_replicas)
    except BaseException:
        for replica in opened.values():
            replica.disk.close(CLOSE_TIMEOUT_SECONDS)
        raise


def refuse_to_begin_beside(places: Mapping[str, Path], others: Sequence[Path]) -> None:
    """Raise StoreUnusable where a new, empty store would hide one that has its replicas in directories left out now."""
    found = [path for path in others if os.path.lexists(path / DATA_FILE)]
    if found and not any(os.path.lexists(path / DATA_FILE) for path in places.values()):
        raise StoreUnusable(
            f"there is no replica in {', '.join(map(str, places.values()))}, but one in {found[0]}; open the store "
            "with as many replicas as it has"
        )


NOTHING = "there is none"


def _look_at(name: str, path: Path, open_environment: Open) -> Replica | str:
    """A sound replica, open, with everything applied that it has; or what is wrong with it."""
    if not os.path.lexists(path / DATA_FILE) and not _is_hidden(path):
        return NOTHING
    sealed = is_sealed(path)
    if not sealed:
        damage = _examined(name, path)
        if damage is not None:
            return damage
    try:
        environment = open_environment(path, sealed)
    except (StoreBusy, StoreFormat):
        raise
    except (StoreError, OSError) as error:
        return str(error)
    try:
        if _is_unwritten(environment):
            environment.close(CLOSE_TIMEOUT_SECONDS)
            return NOTHING
        replica = Replica(name, environment)
        replica.take_up()
    except (StoreError, OSError, lmdb.Error) as error:
        environment.close(CLOSE_TIMEOUT_SECONDS)
        return str(error)
    return replica


def _is_hidden(path: Path) -> bool:
    """Whether something keeps us from seeing if there is a replica; then opening it will say what."""
    try:
        (path / DATA_FILE).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _examined(name: str, path: Path) -> str | None:
    """Whatever is wrong with a replica that was not closed properly; read before LMDB may map it."""
    examined = examine(name, path, lambda *_: None)
    if examined.state not in (DAMAGED, UNREADABLE, MISSING):
        return None
    findings = examined.findings.kept
    if any(finding.name == "format-unknown" for finding in findings):
        return None  # opening it refuses in so many words
    if all(finding.name == "replica-row-missing" for finding in findings):
        return None  # the process ended while it was being made
    return "; ".join(finding.detail for finding in findings[:2])


def _is_unwritten(environment: Environment) -> bool:
    """Whether an environment was opened for the first time and nothing more: it does not even have a replica row."""
    with Snapshot(environment.begin, environment.gate) as snapshot:
        return snapshot.get(REPLICA_KEY) is None and snapshot.txn.stat()["entries"] <= 1


def _begin(name: str, path: Path, open_environment: Open) -> Replica:
    """The first replica of a new store."""
    environment = open_environment(path, False)
    _write_row(environment, new_row())
    return Replica(name, environment)


def _write_row(environment: Disk, row: ReplicaRow) -> None:
    txn = environment.begin_write()
    try:
        write_row(txn, row)
        environment.commit(txn)
    except BaseException:
        environment.abandon(txn)
        raise


# --- the replicas together -------------------------------------------------------------------------------------------


def _assess(
    places: Mapping[str, Path], opened: dict[str, Replica], wrong: dict[str, str], min_replicas: int
) -> Recovered:
    if not opened:
        raise StoreFormat(f"no replica of the store is sound: {_told(places, wrong)}")
    leader = max(opened.values(), key=lambda replica: replica.position)  # the first of equals
    row = leader.row
    for name, other in opened.items():
        if other.row.store != row.store:
            raise StoreFormat(f"{places[name]} is a replica of another store than {places[leader.name]}")
    if row.members > len(places):
        raise StoreUnusable(
            f"the store of {places[leader.name]} has {row.members} replicas; with {len(places)} of them it might lack "
            "acknowledged writes"
        )
    if len(opened) < _least(row, min_replicas):
        raise StoreUnusable(
            f"the store has {len(opened)} sound replica of {row.members}, which may lack acknowledged writes "
            f"({_told(places, wrong)}); bring another one back, or allow to go on with one"
        )
    for name, other in list(opened.items()):
        if other.position == leader.position and other.row.digest != row.digest:
            wrong[name] = f"holds something else than {leader.name}"
            opened.pop(name).disk.close(CLOSE_TIMEOUT_SECONDS)
    is_even = not row.lsn or (not wrong and all(other.position == leader.position for other in opened.values()))
    if row.members != len(places):
        _write_row(leader.disk, replace(row, members=len(places)))
        leader.row = replace(row, members=len(places))
    for name, what in wrong.items():
        if what != NOTHING:
            _log.error("replica %s in %s cannot be used and will be rebuilt: %s", name, places[name], what)
    return Recovered(list(opened.values()), leader.name, wrong, is_even)


def _least(row: ReplicaRow, min_replicas: int) -> int:
    """Sound copies of which one must have everything: a majority of those there were.  A store in which nothing was
    written yet lacks nothing."""
    return min(min_replicas, row.members // 2 + 1) if row.lsn else 1


def _told(places: Mapping[str, Path], wrong: Mapping[str, str]) -> str:
    return "; ".join(f"{name} in {places[name]}: {what}" for name, what in wrong.items())


# --- a fresh copy ----------------------------------------------------------------------------------------------------


def renew(path: Path, source: Disk, open_environment: Open, advance: Callable[[int], None]) -> Environment:
    """Put a copy of what an open replica holds into a directory, in place of what was there, and open it.

    ``advance`` is told from time to time how many bytes are copied, and may raise to end it.  The directory itself
    stays: it may be a mount point.
    """
    make_directory(path)
    work = path / WORK_DIRECTORY
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    _copy(source, work, advance)
    for name in (SEAL_FILE, LOCK_FILE):
        (path / name).unlink(missing_ok=True)
    os.replace(work / DATA_FILE, path / DATA_FILE)
    shutil.rmtree(work, ignore_errors=True)
    remove_journal(path)  # not before: until now it could have been what an acknowledged write was last seen in
    sync_directory(path)
    sync_directory(path.parent)
    return open_environment(path, False)


def _copy(source: Disk, directory: Path, advance: Callable[[int], None]) -> None:
    """Entry by entry, in one snapshot, and synced.

    Not LMDB's own copy: that keeps the writer out at one point, which may be waiting just then for us to get out.
    ReplicaFault when the copy does not add up to what it says it does; then neither does its source.
    """
    with (
        lmdb.open(os.fspath(directory), map_size=source.sizes()[0], sync=False, lock=False) as target,
        Snapshot(source.begin, source.gate) as snapshot,
    ):
        entries = iter(snapshot.txn.cursor())
        taken = COPY_CHUNK_ENTRIES
        while taken == COPY_CHUNK_ENTRIES:
            with target.begin(write=True) as txn:
                taken, _ = txn.cursor().putmulti(islice(entries, COPY_CHUNK_ENTRIES), append=True)
            advance(_size_of(directory / DATA_FILE))
        target.sync(True)
        with target.begin(buffers=True) as txn:
            if digest_of(txn) != read_row(txn).digest:
                raise ReplicaFault("the copy does not add up, so the replica it was taken from is damaged")


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


# --- the first format ------------------------------------------------------------------------------------------------


def move_into_place(root: Path, first: Path) -> None:
    """A store of format 1 lies in ``root`` itself; make it the first replica, to be migrated when it is opened."""
    old = root / DATA_FILE
    if not old.exists():
        return
    if (first / DATA_FILE).exists():
        raise StoreFormat(f"there is a {DATA_FILE} in {root} and in {first}; only one of them can be the store")
    examined = examine("the store", root, lambda *_: None)
    if examined.state != SOUND or examined.row is not None:
        told = "; ".join(finding.detail for finding in examined.findings.kept[:2])
        raise StoreFormat(f"{old} is not a store that this version can read: {told or 'it is a replica'}")
    make_directory(first)
    os.replace(old, first / DATA_FILE)
    (root / LOCK_FILE).unlink(missing_ok=True)
    sync_directory(first)
    sync_directory(root)


__all__ = ["Recovered", "move_into_place", "recover", "refuse_to_begin_beside", "renew"]
