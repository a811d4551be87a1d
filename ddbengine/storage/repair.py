"""Rebuilding a replica that is damaged or gone from a sound one, while nobody has the store open.

The new file is complete and on disk before the old one is touched, and the old one is not deleted but moved aside: what
is damaged may still hold the only copy of something.
"""

from __future__ import annotations

import os
from pathlib import Path

import lmdb

from ddbengine.storage.errors import StoreUnusable
from ddbengine.storage.examination import DAMAGED, MISSING, Examined
from ddbengine.storage.locks import NAME as LOCK_FILE
from ddbengine.storage.seal import DATA_FILE, sync_directory

__all__ = ["can_be_rebuilt", "rebuild"]

_UNFINISHED = f"{DATA_FILE}.rebuilding"


def can_be_rebuilt(replica: Examined) -> bool:
    """Not what another store, a newer version or the system's permissions keep from us: that is for a person."""
    return replica.state in (DAMAGED, MISSING)


def rebuild(replica: Examined, source: Examined) -> Path | None:
    """Make a replica the same as a sound one; return the directory its old files were moved to, None without any.

    The directory itself stays, since it may be a mount point or hold our lock.  Raises StoreUnusable, with the old
    files where they were.
    """
    assert can_be_rebuilt(replica)
    assert source.is_sound
    assert replica.path != source.path
    directory = replica.path
    try:
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = directory / _UNFINISHED
        _copy(source.path, unfinished)
        aside = _move_aside(directory)
        unfinished.rename(directory / DATA_FILE)
        sync_directory(directory)
        sync_directory(directory.parent)
    except (OSError, lmdb.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreUnusable(f"{replica.name} cannot be rebuilt in {directory}: {reason}") from error
    return aside


def _copy(source: Path, file: Path) -> None:
    environment = lmdb.open(os.fspath(source), readonly=True, lock=False, create=False, map_size=_size(source))
    try:
        with file.open("wb") as copy:
            environment.copyfd(copy.fileno())
            os.fsync(copy.fileno())
    finally:
        environment.close()


def _size(directory: Path) -> int:
    return max(1 << 20, (directory / DATA_FILE).stat().st_size)


def _move_aside(directory: Path) -> Path | None:
    """Move all but our lock and the new file to ``<directory>.damaged-<n>``, or to a directory inside where the one
    above cannot be written or is another file system."""
    files = [
        file for file in directory.iterdir() if file.name not in (LOCK_FILE, _UNFINISHED) and not _is_aside(file.name)
    ]
    if not files:
        return None
    try:
        aside = _fresh(directory.parent, f"{directory.name}.damaged-")
        if aside.stat().st_dev != directory.stat().st_dev:
            aside.rmdir()
            aside = _fresh(directory, "damaged-")
    except PermissionError:
        aside = _fresh(directory, "damaged-")
    for file in files:
        file.rename(aside / file.name)
    sync_directory(aside)
    return aside


def _is_aside(name: str) -> bool:
    return name.startswith("damaged-")


def _fresh(parent: Path, start: str) -> Path:
    number = 1
    while True:
        try:
            aside = parent / f"{start}{number}"
            aside.mkdir()
            return aside
        except FileExistsError:
            number += 1
