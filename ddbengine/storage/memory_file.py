"""The file of a store in memory: it has a name only while LMDB opens it, so nothing is left however the process ends.
One that several processes share keeps its name, in a directory that somebody else removes.

Where the room can be reserved, LMDB may write straight into the map, which makes a commit several times cheaper.
Without a reservation that would be wrong: a page that memory has no room for would kill the process at the first touch
(SIGBUS), where a reservation fails with an error.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_USABLE_BYTES = 1 << 30
"""With less room than this (containers often allow 64 MB) an anonymous file is used: it is bounded by memory alone."""

RESERVES = hasattr(os, "posix_fallocate")
"""Whether room can be reserved on this platform."""


class MemoryFile:
    """A private directory for LMDB to open.  Call ``opened`` once it has, and ``close`` at the end."""

    def __init__(self, directory: Path | None = None) -> None:
        """``directory``: one that is there and may hold the file already; it is left alone in the end."""
        self._is_named = directory is not None
        shared = roomy_shared_memory()
        self.directory = directory or Path(tempfile.mkdtemp(prefix="ddbengine-", dir=shared))
        self._data = self.directory / "data.mdb"
        self._file = None if shared is not None or self._is_named else self._link_to_anonymous_file()

    def opened(self) -> None:
        """Take the names away; where the platform does not unlink open files, ``close`` does it."""
        if self._file is None:
            self._file = os.open(self._data, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        self._remove_names()

    def reserve(self, size_bytes: int) -> None:
        """Make sure of the room for the first so many bytes; OSError when there is not enough."""
        assert self._file is not None, "reserved before it was opened"
        os.posix_fallocate(self._file, 0, size_bytes)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._remove_names()

    def _link_to_anonymous_file(self) -> int | None:
        """Let data.mdb lead to a file that only memory holds; None where the platform has none."""
        if not hasattr(os, "memfd_create"):
            return None
        file = os.memfd_create("ddbengine")
        self._data.symlink_to(f"/proc/self/fd/{file}")
        if self._data.exists():
            return file
        self._data.unlink()
        os.close(file)
        return None

    def _remove_names(self) -> None:
        if self._is_named:
            return
        try:
            for name in ("data.mdb", "lock.mdb"):
                (self.directory / name).unlink(missing_ok=True)
            self.directory.rmdir()
        except OSError:
            # Gone already, or open and so not to be unlinked on this platform; then close tries again.
            return


def roomy_shared_memory() -> Path | None:
    """The file system in memory, None when there is none or it has little room."""
    try:
        room = os.statvfs(SHARED_MEMORY)
    except (AttributeError, OSError):
        return None
    usable = room.f_bavail * room.f_frsize >= SHARED_MEMORY_USABLE_BYTES and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if usable else None
