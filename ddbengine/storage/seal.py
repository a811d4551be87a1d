"""The seal that a clean close puts beside a data file: its size and checksum, which make the next opening short.

With a seal that fits, the file is what was closed, page by page.  Without one it has to be examined.  The seal is taken
away, durably, before the first write; so it never lies about a file that was written to.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from isal.isal_zlib import crc32

from ddbengine.storage.page_cache import read_through

DATA_FILE = "data.mdb"
SEAL_FILE = "seal"


def seal(directory: Path) -> None:
    """Vouch for the data file, which must be closed and synced.  OSError when it cannot be written."""
    written = directory / f"{SEAL_FILE}.new"
    with open(written, "wb") as file:
        file.write(_checksum(directory / DATA_FILE))
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, directory / SEAL_FILE)
    sync_directory(directory)


def is_sealed(directory: Path) -> bool:
    """Whether there is a seal, and it fits the data file byte for byte.  Reads all of it: about 1 s for a gigabyte."""
    try:
        return (directory / SEAL_FILE).read_bytes() == _checksum(directory / DATA_FILE)
    except OSError:
        return False


def unseal(directory: Path) -> None:
    """Take the seal away durably.  OSError when that fails; then nothing may be written."""
    try:
        (directory / SEAL_FILE).unlink()
    except FileNotFoundError:
        return
    sync_directory(directory)


def _checksum(file: Path) -> bytes:
    size = crc = 0
    for chunk in read_through(file):
        size += len(chunk)
        crc = crc32(chunk, crc)
    return b"%d %08x\n" % (size, crc)


def sync_directory(directory: Path) -> None:
    """Make new names in a directory survive a power loss.  Windows cannot, and need not."""
    if sys.platform == "win32":
        return
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
