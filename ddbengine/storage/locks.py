"""A lock on a directory that one open at a time can hold, in this process or another.  It dies with its process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ddbengine.storage.errors import StoreBusy, StoreUnusable

NAME = "ddbengine.lock"


class DirectoryLock:
    """Held from construction to ``release``.  StoreBusy when somebody has it, StoreUnusable when it cannot be tried."""

    def __init__(self, directory: Path) -> None:
        path = directory / NAME
        try:
            # Held by the open file, so a second open is refused even in the same process.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        except OSError as error:
            raise StoreUnusable(f"cannot write to {directory}: {error.strerror}") from error
        try:
            _lock(self._file)
        except OSError as error:
            holder = _holder(self._file)
            os.close(self._file)
            raise StoreBusy(f"the store in {directory} is in use by {holder}") from error
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Let others in.  In a forked child this only drops the child's copy: the parent keeps the lock."""
        os.close(self._file)


def _holder(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    process = os.read(file, 32).strip()
    if not process.isdigit():
        return "another process"
    return "this process" if int(process) == os.getpid() else f"process {int(process)}"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        # A byte far behind the text: Windows keeps others from reading what is locked.
        os.lseek(file, 1 << 20, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
