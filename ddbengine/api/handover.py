"""Connections for pages, in a process that has none: carried on to the process that has, byte by byte."""

from __future__ import annotations

import asyncio
from pathlib import Path

__all__ = ["HandoverTo"]


class HandoverTo:
    """Takes connections as ``Pages`` do.  The other process may be away for a moment; then they are closed."""

    def __init__(self, path: Path) -> None:
        """``path`` of a Unix socket where the other process speaks HTTP."""
        self._path = path

    async def protocol(self) -> asyncio.Protocol:
        """A protocol for one connection."""
        outward = _Pipe()
        _, inward = await asyncio.get_running_loop().create_unix_connection(lambda: _Pipe(outward), str(self._path))
        outward.other = inward
        return outward

    async def close(self) -> None:
        """Connections end with their clients, or with the process."""


class _Pipe(asyncio.Protocol):
    """One of two ends; what comes in here goes out there."""

    def __init__(self, other: _Pipe | None = None) -> None:
        self.other = other
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other._transport is not None:
            self.other._transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other._transport is not None:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other._transport is not None:
            self.other._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self.other is not None and self.other._transport is not None:
            self.other._transport.close()
