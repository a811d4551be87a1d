"""What an examination of a store finds: statements of what is there and what was expected, each with its place."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN_KEY_MAX_BYTES = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    name: str
    """What kind of damage it is, for programs: words joined by hyphens, such as ``entry-without-item``."""
    place: str
    """Where, for people: ``table Music``, ``index by-year of table Music``, ``catalog``, ``data.mdb``."""
    key: str
    """The printable key of the row, empty where there is none."""
    detail: str
    """What was found and what was expected, without a full stop."""


def shown(key: bytes) -> str:
    """A stored key for a person: as in a Python literal, cut when it is long."""
    literal = repr(key[:SHOWN_KEY_MAX_BYTES])[2:-1]
    return literal if len(key) <= SHOWN_KEY_MAX_BYTES else f"{literal}... ({len(key)} bytes)"


__all__ = ["Finding", "shown"]
