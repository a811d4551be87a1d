"""The core's rules once more, in plain Python over ``decimal`` and ``msgpack``, to hold the core against."""

from __future__ import annotations

import base64
from decimal import Context, Decimal
from typing import Any

import msgpack

from tests.strategies import Wire

EXACT = Context(prec=400, Emin=-1000, Emax=1000)


def canonical_number(text: str) -> str:
    """The text a number is read back as: plain decimal."""
    number = Decimal(text)
    return "0" if number == 0 else f"{number.normalize(EXACT):f}"


def canonical(value: Wire) -> Wire:
    """A wire value as it is read back."""
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": canonical_number(content)}
    if kind == "NS":
        return {"NS": [canonical_number(text) for text in sorted(content, key=Decimal)]}
    if kind == "SS":
        return {"SS": sorted(content, key=str.encode)}
    if kind == "BS":
        return {"BS": sorted(content, key=base64.b64decode)}
    if kind == "L":
        return {"L": [canonical(element) for element in content]}
    if kind == "M":
        return {"M": {name: canonical(entry) for name, entry in content.items()}}
    return value


def number_bytes(text: str) -> bytes:
    """FACTS 5.7, digit by digit."""
    number = Decimal(text)
    if number == 0:
        return b"\x80"
    digits = "".join(map(str, number.as_tuple().digits))
    point = number.adjusted() + 1
    digits = digits.strip("0")
    if point % 2:
        digits = "0" + digits
    first = ((point + point % 2) // 2 - 64) % 256
    pairs = [int(digits[i : i + 2].ljust(2, "0")) for i in range(0, len(digits), 2)]
    if number > 0:
        return bytes([first, *(pair + 1 for pair in pairs)])
    end = [102] if len(pairs) < 20 else []
    return bytes([first ^ 0xFF, *(101 - pair for pair in pairs), *end])


def number_size(text: str) -> int:
    """FACTS 2.6: one, one for a minus, and half a byte per digit on each side of the point."""
    plain = canonical_number(text)
    if plain == "0":
        return 1
    whole, _, fraction = plain.lstrip("-").partition(".")
    whole = whole.strip("0") if not fraction else whole.lstrip("0")
    fraction = fraction if whole else fraction.lstrip("0")
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + plain.startswith("-")


def size(value: Wire) -> int:
    """FACTS 2.6."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return number_size(content)
    if kind == "B":
        return len(base64.b64decode(content))
    if kind in ("SS", "NS", "BS"):
        return sum(size({kind[0]: member}) for member in content)
    if kind == "L":
        return 3 + sum(1 + size(element) for element in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size(entry) for name, entry in content.items())
    return 1


def item_size(item: dict[str, Wire]) -> int:
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def depth(value: Wire) -> int:
    ((kind, content),) = value.items()
    if kind == "L":
        return 1 + max(map(depth, content), default=0)
    if kind == "M":
        return 1 + max(map(depth, content.values()), default=0)
    return 1


def equal(a: Wire, b: Wire) -> bool:
    return canonical(a) == canonical(b)


def number_text_of(number: bytes) -> str:
    """The inverse of number_bytes."""
    if number == b"\x80":
        return "0"
    negative = number[0] < 0x80
    first = number[0] ^ 0xFF if negative else number[0]
    pairs = number[1:].removesuffix(b"\x66") if negative else number[1:]
    digits = "".join(f"{101 - pair if negative else pair - 1:02}" for pair in pairs)
    return canonical_number(f"{'-' if negative else ''}.{digits}E{2 * (first - 192)}")


def from_msgpack(stored: bytes) -> Any:
    """A stored value as wire JSON, read by the msgpack library."""
    return _wire_of(msgpack.unpackb(stored, ext_hook=_extension, object_hook=_Entries, strict_map_key=True))


def _extension(code: int, payload: bytes) -> Wire:
    if code == 1:
        return {"N": number_text_of(payload)}
    members = [_wire_of(member) for member in msgpack.unpackb(payload, ext_hook=_extension)]
    kind = {2: "SS", 3: "NS", 4: "BS"}[code]
    return {kind: [member[kind[0]] for member in members]}


class _Entries(dict[str, Any]):
    """A map of msgpack, told apart from the wire values that the extension hook made."""


def _wire_of(value: Any) -> Wire:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return {"L": [_wire_of(element) for element in value]}
    if isinstance(value, _Entries):
        return {"M": {name: _wire_of(entry) for name, entry in value.items()}}
    wire: Wire = value
    return wire
