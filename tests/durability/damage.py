"""What can happen to the directory of one replica while nobody looks: each kind a function of directory and chance."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

REPLICAS = ("az1", "az2", "az3")
DATA = "data.mdb"
PAGE_BYTES = 4096
FLIPS_MAX = 64

Damage = Callable[[Path, random.Random], object]


def remove(directory: Path, chance: random.Random) -> None:
    """The whole directory is gone."""
    shutil.rmtree(directory)


def remove_data(directory: Path, chance: random.Random) -> None:
    (directory / DATA).unlink()


def empty(directory: Path, chance: random.Random) -> None:
    (directory / DATA).write_bytes(b"")


def truncate(directory: Path, chance: random.Random) -> None:
    """Cut anywhere, or where a page ends."""
    data = directory / DATA
    kept = chance.randrange(data.stat().st_size)
    with data.open("r+b") as file:
        file.truncate(kept - kept % PAGE_BYTES if chance.random() < 0.5 else kept)


def flip_bits(directory: Path, chance: random.Random) -> None:
    """A few bits anywhere in the file: most pages are in use, some hold nothing."""
    content = bytearray((directory / DATA).read_bytes())
    for _ in range(chance.randint(1, FLIPS_MAX)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    (directory / DATA).write_bytes(content)


def zero_pages(directory: Path, chance: random.Random) -> None:
    """Pages that read as zeros, as after a lost write."""
    content = bytearray((directory / DATA).read_bytes())
    pages = len(content) // PAGE_BYTES
    first = chance.randrange(pages)
    last = min(pages, first + chance.randint(1, 4))
    content[first * PAGE_BYTES : last * PAGE_BYTES] = bytes((last - first) * PAGE_BYTES)
    (directory / DATA).write_bytes(content)


def swap_pages(directory: Path, chance: random.Random) -> None:
    """Two pages in each other's place, as after a misdirected write."""
    content = bytearray((directory / DATA).read_bytes())
    pages = len(content) // PAGE_BYTES
    one, other = (chance.randrange(pages) * PAGE_BYTES for _ in range(2))
    page = content[one : one + PAGE_BYTES]
    content[one : one + PAGE_BYTES] = content[other : other + PAGE_BYTES]
    content[other : other + PAGE_BYTES] = page
    (directory / DATA).write_bytes(content)


DAMAGES: tuple[Damage, ...] = (remove, remove_data, empty, truncate, flip_bits, zero_pages, swap_pages)
