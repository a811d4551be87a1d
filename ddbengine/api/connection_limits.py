"""What one connection may ask of the server before it is refused or closed: sizes, counts and times.

The size of a body is the service's (FACTS 1.1).  The rest the service does not publish; these keep a server with
thousands of careless clients alive.  Times are watched by one sweep over all connections, so they are kept to
within ``sweep_seconds``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ddbengine import limits

__all__ = ["ConnectionLimits"]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    head_bytes: int = 64 * limits.KIB
    """Request line and headers.  A head that does not end is refused at most one socket read later."""
    body_bytes: int = limits.REQUEST_BODY_MAX_BYTES
    """A request body, as sent and also when it is unpacked."""
    waiting_requests: int = 64
    """Pipelined requests whose answers are not ready; beyond it nothing more is read."""
    head_seconds: float = 20.0
    """From a request's first byte to the end of its headers."""
    request_seconds: float = 120.0
    """From a request's first byte to its last."""
    idle_seconds: float = 300.0
    """Between an answer and the next request."""
    stalled_seconds: float = 60.0
    """How long a client may leave an answer unread without taking a single byte."""
    linger_seconds: float = 5.0
    """How long what a refused client still sends is thrown away, so that it lives to read the refusal."""
    grace_seconds: float = 5.0
    """How long a stopping server waits for requests under way."""
    sweep_seconds: float = 1.0
