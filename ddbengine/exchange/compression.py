"""Files that may be compressed: reading by what a file begins with, writing by what was asked for."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

__all__ = ["CORRUPT", "STDIN", "SUFFIXES", "Input", "compressed", "compression_of", "stored_compression"]

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_BUFFER_BYTES = 1024 * 1024
_ZSTD_CHUNK_BYTES = 16 * 1024
"""Read at once: even of text that packs extremely well, memory holds no more than some megabytes of it."""
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3

STDIN = Path("-")
CORRUPT = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)
"""What reading a damaged compressed file raises."""
SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "none": ""}


class Input:
    """A file, or the standard input for ``-``, opened to be read and decompressed; a context manager."""

    def __init__(self, path: Path) -> None:
        """Raise OSError."""
        self._raw = cast(
            "io.BufferedReader", sys.stdin.buffer if path == STDIN else path.open("rb", buffering=_BUFFER_BYTES)
        )
        self._is_ours = path != STDIN
        self.stream = _decompressed(self._raw)
        """The content."""

    def position(self) -> int:
        """How many bytes of the file itself have been read; 0 for what cannot tell."""
        return self._raw.tell() if self._raw.seekable() else 0

    def __enter__(self) -> Input:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            self._raw.close()


def stored_compression(path: Path) -> str:
    """gzip, zstd or none, by what a file begins with; raise OSError."""
    with path.open("rb") as file:
        start = file.read(len(_ZSTD_MAGIC))
    if start.startswith(_GZIP_MAGIC):
        return "gzip"
    return "zstd" if start.startswith(_ZSTD_MAGIC) else "none"


def _decompressed(raw: io.BufferedReader) -> io.BufferedReader:
    start = raw.peek(len(_ZSTD_MAGIC))
    if start.startswith(_GZIP_MAGIC):
        return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw)), _BUFFER_BYTES)
    if start.startswith(_ZSTD_MAGIC):
        return io.BufferedReader(_ZstdFile(raw), _BUFFER_BYTES)
    return raw


class _ZstdFile(io.RawIOBase):
    """The content of zstd frames one after another.  EOFError when the file ends within one, which zstandard's own
    reader takes for the end."""

    def __init__(self, raw: io.BufferedReader) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_within = False
        """Whether the frame has begun."""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast("bytearray", buffer)).cast("B")
        while not self._ready:
            chunk = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._is_within = zstandard.ZstdDecompressor().decompressobj(), False
            chunk = chunk or self._raw.read(_ZSTD_CHUNK_BYTES)
            if not chunk:
                if self._is_within:
                    raise EOFError("the file ends within a zstd frame")
                return 0
            self._is_within = True
            self._ready = memoryview(self._frame.decompress(chunk))
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def compression_of(path: Path) -> str:
    """gzip, zstd or none, by a file's name."""
    return next((name for name, suffix in SUFFIXES.items() if suffix and path.name.endswith(suffix)), "none")


def compressed(file: BinaryIO, compression: str) -> BinaryIO:
    """What writes to a file in a compression; closing it ends the compression and leaves the file open."""
    writers: dict[str, Callable[[], object]] = {
        # Without name and time in its header, a file's bytes say nothing but its content.
        "gzip": lambda: gzip.GzipFile("", "wb", _GZIP_LEVEL, file, 0),
        "zstd": lambda: zstandard.ZstdCompressor(_ZSTD_LEVEL, write_checksum=True).stream_writer(file, closefd=False),
        "none": lambda: _Plain(file),
    }
    return cast("BinaryIO", writers[compression]())


class _Plain:
    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write
        self.close = file.flush
