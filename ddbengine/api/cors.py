"""Which web pages may call this server from a browser (FACTS 1.1, row CORS)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Cors"]


@dataclass(frozen=True, slots=True)
class Cors:
    """Any origin, as the service answers, or only those of a list."""

    origins: frozenset[bytes] | None = None

    @classmethod
    def of_option(cls, text: str | None) -> Cors:
        """From ``--cors``: origins separated by commas; none, or ``*`` among them, allows all."""
        origins = frozenset(part.strip().encode() for part in (text or "*").split(",") if part.strip())
        return cls(None if not origins or b"*" in origins else origins)

    def allows(self, origin: bytes | None) -> bool:
        return origin is not None and (self.origins is None or origin in self.origins)

    def lines(self, origin: bytes | None) -> bytes:
        """Header lines that every answer to a request from this origin carries."""
        if self.origins is None:
            return b"Access-Control-Allow-Origin: *\r\n" if origin is not None else b""
        if origin is None or origin not in self.origins:
            return b"Vary: Origin\r\n"
        return b"Access-Control-Allow-Origin: %b\r\nVary: Origin\r\n" % origin

    @staticmethod
    def preflight_lines(headers: Mapping[bytes, bytes]) -> bytes:
        """Header lines that allow what a preflight asks for; the two days are the service's."""
        wanted_headers = headers.get(b"access-control-request-headers")
        wanted_method = headers.get(b"access-control-request-method")
        return b"%b%bAccess-Control-Max-Age: 172800\r\n" % (
            b"" if wanted_headers is None else b"Access-Control-Allow-Headers: %b\r\n" % wanted_headers,
            b"" if wanted_method is None else b"Access-Control-Allow-Methods: %b\r\n" % wanted_method,
        )
