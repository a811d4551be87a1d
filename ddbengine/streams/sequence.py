"""Sequence numbers: the LSN of a change as clients see it, 21 decimal digits that grow with it.

Knows nothing but numbers.  The service's have 21 digits or more, are compared as numbers by its SDKs, and as text by
some consumers; being of one length, these compare alike both ways.
"""

from __future__ import annotations

_FIRST = 10**20
_LSN_END = 1 << 64
_DIGITS_MAX = 40
"""Of any sequence number, by the service model."""


def sequence_number(lsn: int) -> str:
    """The sequence number of the change with this LSN."""
    return str(_FIRST + lsn)


def lsn_of(number: str) -> int | None:
    """The LSN a sequence number stands for; None for text that cannot be one of ours."""
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX):
        return None
    lsn = int(number) - _FIRST
    return lsn if 0 <= lsn < _LSN_END else None
