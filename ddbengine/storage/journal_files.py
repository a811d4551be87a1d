"""The two files of a replica's journal (see ``journal``), beside its data file."""

from __future__ import annotations

import os
from pathlib import Path

from ddbengine.storage.journal import HALVES
from ddbengine.storage.seal import sync_directory

NAMES = tuple(f"journal.{half}" for half in HALVES)


class JournalOnDisk:
    """Of one directory; see ``journal.JournalFiles``.  Files are made when they are first written."""

    def __init__(self, directory: Path, durable: bool) -> None:
        self._directory = directory
        self._durable = durable
        self._open: dict[int, int] = {}

    def write_journal(self, half: int, offset: int, data: bytes) -> None:
        file = self._open.get(half)
        if file is None:
            file = self._open[half] = _create(self._directory / NAMES[half])
            if self._durable:
                sync_directory(self._directory)
        written = _write_at(file, data, offset, self._durable)
        while written < len(data):
            written += _write_at(file, data[written:], offset + written, self._durable)

    def read_journal(self, half: int) -> bytes:
        try:
            return (self._directory / NAMES[half]).read_bytes()
        except FileNotFoundError:
            return b""

    def remove_journal(self) -> None:
        self.close()
        remove_journal(self._directory)

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])


def remove_journal(directory: Path) -> None:
    for name in NAMES:
        (directory / name).unlink(missing_ok=True)


def _create(file: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return os.open(file, flags, 0o644)


if hasattr(os, "pwritev") and hasattr(os, "RWF_DSYNC"):

    def _write_at(file: int, data: bytes, offset: int, durable: bool) -> int:
        return os.pwritev(file, [data], offset, os.RWF_DSYNC if durable else 0)

else:

    def _write_at(file: int, data: bytes, offset: int, durable: bool) -> int:
        os.lseek(file, offset, os.SEEK_SET)
        written = os.write(file, data)
        if durable:
            os.fsync(file)
        return written
