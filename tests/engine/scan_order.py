"""The order of a scan, recomputed from the words of FACTS 5.7 without the core."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal

from tests.wire import Value


def scan_hash(*values: Value) -> str:
    """Hexadecimal digits by which items (one partition key) or index entries (partition and sort key) are ordered."""
    return hashlib.md5(b"Outliers" + b"".join(map(raw_key, values))).hexdigest()


def raw_key(value: Value) -> bytes:
    if "S" in value:
        text: str = value["S"]
        return text.encode()
    if "B" in value:
        return base64.b64decode(value["B"])
    return number_bytes(Decimal(value["N"]))


def number_bytes(number: Decimal) -> bytes:
    """The number's bytes, digit by digit."""
    if number == 0:
        return b"\x80"
    sign, digits, exponent = number.normalize().as_tuple()
    assert isinstance(exponent, int)
    point = len(digits) + exponent
    pairs = [0, *digits] if point % 2 else list(digits)
    pairs += [0] * (len(pairs) % 2)
    first = ((point + point % 2) // 2 - 64) % 256
    body = [10 * tens + ones for tens, ones in zip(pairs[::2], pairs[1::2], strict=True)]
    if not sign:
        return bytes([first, *(pair + 1 for pair in body)])
    end = [102] if len(body) < 20 else []
    return bytes([first ^ 0xFF, *(101 - pair for pair in body), *end])
