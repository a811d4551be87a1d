"""Bringing files into the system's page cache such that they are good to write to.

Linux reads ahead in larger and larger pieces, and keeps each as one folio, of up to 2 MiB where the disk's read-ahead
is set high.  ext4 (Linux 6.16 and later) looks at every block of a folio whenever one page of it is written, and again
when it is synced: a random put in a file read so takes several times as long.  Without read-ahead pages stay pages; so
it is turned off here, and what comes next is asked for in good time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20
AHEAD_BYTES = 8 * CHUNK_BYTES
"""So much is on its way from the disk while a chunk is looked at."""

_HAS_ADVICE = hasattr(os, "posix_fadvise")


def read_through(file: Path) -> Iterator[bytes]:
    """All of a file in order, in pieces of CHUNK_BYTES.  OSError."""
    with open(file, "rb", buffering=0) as opened:
        number = opened.fileno()
        if _HAS_ADVICE:
            os.posix_fadvise(number, 0, 0, os.POSIX_FADV_RANDOM)
            os.posix_fadvise(number, 0, AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
        read = 0
        while chunk := opened.read(CHUNK_BYTES):
            read += len(chunk)
            if _HAS_ADVICE:
                os.posix_fadvise(number, read + AHEAD_BYTES - CHUNK_BYTES, CHUNK_BYTES, os.POSIX_FADV_WILLNEED)
            yield chunk
