"""Random attribute values, keys and items.  Few distinct keys and names, so that requests meet each other's items."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

from tests.differential.tables import ATTRIBUTE_TYPES, Index, Table

Value = dict[str, Any]
Item = dict[str, Value]

NAMES = ("a", "b", "n", "m", "l", "ss", "ns", "bs", "flag", "Data.x", "größe")
"""Attributes that are no keys.  The last two can be named in an expression only through a placeholder."""

_USUAL_TYPE = {
    "a": "S", "b": "B", "n": "N", "m": "M", "l": "L", "ss": "SS", "ns": "NS", "bs": "BS", "flag": "BOOL",
    "Data.x": "S", "größe": "N",
}  # fmt: skip
_TEXTS = (
    "",
    "x",
    "y",
    "xy",
    "xyz",
    "aß",
    "日本国",
    "\U0001f600" * 2,
    'quote"\\',
    "line\nbreak",
    "zz top",
)
_NUMBERS = (
    "0", "1", "-1", "2", "10", "3.14", "-2.5", "1e3", "0012.340", "1E-5", "12345678901234567890123456789012345678",
    "-0", "+7", ".5", "1e125", "-1e125", "1e-130", "99.99",
)  # fmt: skip
_BYTES = (b"", b"\x00", b"\x00\xff", b"abc", b"abcd", b"\xff\xfe", bytes(range(40)))
_SCALARS = ("S", "N", "B", "BOOL", "NULL")
_SETS = ("SS", "NS", "BS")


def value(random: Random, depth: int = 2) -> Value:
    """Any attribute value; maps and lists go ``depth`` levels down."""
    kinds = _SCALARS + _SETS + (("M", "L") * 2 if depth else ())
    return value_of_type(random, random.choice(kinds), depth)


def value_of_type(random: Random, kind: str, depth: int = 2) -> Value:
    if kind in ("S", "N", "B"):
        return scalar(random, kind)
    if kind == "BOOL":
        return {"BOOL": random.random() < 0.5}
    if kind == "NULL":
        return {"NULL": True}
    if kind == "L":
        return {"L": [value(random, depth - 1) for _ in range(random.randint(0, 3))]}
    if kind == "M":
        names = random.sample(("x", "y", "z", "a"), random.randint(0, 3))
        return {"M": {name: value(random, depth - 1) for name in names}}
    return {kind: _members(random, kind)}


def scalar(random: Random, kind: str) -> Value:
    if kind == "S":
        return {"S": random.choice(_TEXTS)}
    if kind == "N":
        return {"N": random.choice(_NUMBERS) if random.random() < 0.5 else str(random.randint(-50, 50))}
    return {"B": base64.b64encode(random.choice(_BYTES)).decode()}


def _members(random: Random, kind: str) -> list[str]:
    if kind == "NS":
        return [str(number) for number in random.sample(range(-20, 20), random.randint(1, 4))]
    pool: list[str] = list(_TEXTS) if kind == "SS" else [base64.b64encode(raw).decode() for raw in _BYTES]
    return random.sample(pool, random.randint(1, 4))


def key_scalar(random: Random, kind: str) -> Value:
    """A value a key may have: neither empty, nor spelled in a way that is not its own read-back form."""
    if kind == "S":
        return {"S": random.choice(("p", "q", "qq", "r\x00", "ü", "日本"))}
    if kind == "N":
        return {"N": random.choice(("0", "1", "-1", "2", "2.5", "-30", "400"))}
    return {"B": base64.b64encode(random.choice((b"\x00", b"\x00\x01", b"ab", b"\xff"))).decode()}


def key(random: Random, table: Table) -> Item:
    return {name: key_scalar(random, table.type_of(name)) for name in table.key}


def item(random: Random, table: Table) -> Item:
    """An item of the table: its key, most of the index keys, and some attributes, mostly of their usual type."""
    made = key(random, table)
    for index in table.indexes:
        for name in index.key:
            if name not in made and random.random() < 0.7:
                made[name] = key_scalar(random, table.type_of(name))
    for name in random.sample(NAMES, random.randint(0, 5)):
        made[name] = usual_value(random, name)
    return made


def usual_value(random: Random, name: str) -> Value:
    """A value for an attribute: of its usual type nine times in ten."""
    usual = _USUAL_TYPE.get(name) or ATTRIBUTE_TYPES.get(name)
    if usual is None or random.random() < 0.1:
        return value(random)
    return value_of_type(random, usual)


def index_key(random: Random, table: Table, index: Index) -> Item:
    return {name: key_scalar(random, table.type_of(name)) for name in index.key}
