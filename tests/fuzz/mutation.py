"""Accidents that befall a request: to its JSON, to its bytes, to the HTTP around it."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from tests.fuzz import texts

_JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64 - 1, 1.5, 1e308, -0.0, "", "a", "\u0000", "x" * 300, "x" * 5000),
    *([], [[]], [None], {}, {"": {}}, {"S": "a"}, {"N": "1"}, {"N": "1e999999999999"}, {"N": "9" * 38 + "e87"}),
    *("9" * 5000, "0" * 5000),
    *(
        {"B": "=="},
        {"SS": []},
        {"NS": ["1", "1.0"]},
        {"L": [{"M": {}}]},
        {"NULL": True},
        {"S": "a", "N": "1"},
        {"X": 1},
    ),
)
_MOST_CHARACTERS = 300_000


def mutated(random: Random, body: dict[str, Any]) -> Any:
    """A copy of the body with one to three values changed, somewhere in it."""
    whole: list[Any] = [copy.deepcopy(body)]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(whole))
        # The first place is the body itself.
        container, key = random.choice(places if random.random() < 0.03 else places[1:] or places)
        _ACCIDENTS[random.randrange(len(_ACCIDENTS))](random, container, key)
        if not whole:
            return None
    return whole[0]


def _places(container: Any) -> Any:
    """Every (container, key) below."""
    pairs = list(container.items()) if isinstance(container, dict) else list(enumerate(container))
    for key, value in pairs:
        yield container, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


def _replace(random: Random, container: Any, key: Any) -> None:
    container[key] = copy.deepcopy(random.choice(_JUNK))


def _drop(random: Random, container: Any, key: Any) -> None:
    del container[key]


def _twist(random: Random, container: Any, key: Any) -> None:
    """Text is broken, a number becomes its neighbour, anything else is put into a list."""
    value = container[key]
    if isinstance(value, str):
        container[key] = texts.broken(random, value)[:_MOST_CHARACTERS]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        container[key] = random.choice((-value, value + 1, value - 1, value * 1000, str(value)))
    else:
        container[key] = [value]


def _deepen(random: Random, container: Any, key: Any) -> None:
    for _ in range(random.choice((1, 1, 31, 33, 70, 120))):
        container[key] = {"M": {"d": container[key]}} if random.random() < 0.5 else {"L": [container[key]]}


def _multiply(random: Random, container: Any, key: Any) -> None:
    value = container[key]
    if isinstance(value, list):
        container[key] = value * random.choice((2, 26, 101, 300)) if len(value) < 50 else value
    elif isinstance(value, dict):
        for number in range(random.choice((1, 10, 120))):
            value[f"{'#:a'[number % 3]}{number}"] = copy.deepcopy(random.choice(_JUNK))
    elif isinstance(value, str):
        container[key] = (value * random.choice((2, 50, 1000)))[:_MOST_CHARACTERS]


def _rename(random: Random, container: Any, key: Any) -> None:
    if isinstance(container, dict):
        container[random.choice(("", "a", "S", "N", "M", "#", str(key).lower(), f"{key}s"))] = container.pop(key)


_ACCIDENTS = (_replace, _replace, _replace, _drop, _twist, _twist, _deepen, _multiply, _rename)

_FRAGMENTS = (
    *(
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\x00",
        b"\xff",
        b":",
        b" ",
        b"HTTP/1.1",
        b"Content-Length: 5\r\n",
        b"0" * 5000,
        b"Expect: 100-continue\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Connection: close\r\n",
        b"GET ",
        b"0\r\n\r\n",
    ),
    *(
        b"Content-Length: 99999999999999999999\r\n",
        b"Upgrade: h2c\r\n",
        b"{",
        b"}",
        b'"',
        b"\\ud800",
        b"[" * 2000,
        b"1e999",
    ),
)


def damaged(random: Random, data: bytes) -> bytes:
    """The bytes after one to five accidents."""
    found = bytearray(data)
    for _ in range(random.randint(1, 5)):
        place = random.randrange(len(found) + 1)
        accident = random.randrange(5)
        if accident == 0:
            del found[place : place + random.choice((1, 1, 4, 60))]
        elif accident == 1:
            found[place:place] = random.choice(_FRAGMENTS)
        elif accident == 2:
            found[place : place + 1] = bytes([random.randrange(256)])
        elif accident == 3:
            found[place:place] = found[: random.randrange(len(found) + 1)]
        else:
            del found[place:]
    return bytes(found)
