"""A recording of all that reached the disks of a store, from which the files after a power cut at any moment are made.

Every durable commit of a replica is a boundary: what its file held then is on the disk.  A cut between two boundaries
leaves the first one's bytes, and of the pages that the next commit was writing any part, in units of a sector: LMDB
forces the data pages to the disk before it writes the one meta page that makes them count.  A commit of an environment
that does not force its writes is no boundary, so a store that forgot to would be found out.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddbengine.storage.environment import Environment
from ddbengine.storage.seal import DATA_FILE

PAGE_BYTES = 4096
SECTOR_BYTES = 512
META_PAGES = (0, 1)

Pages = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A durable commit of one replica: the pages that differ from the boundary before it."""

    replica: Path
    pages: Pages


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A write was answered."""

    what: Any


Event = Boundary | Acknowledged


@dataclass
class Recording:
    """What happened, in order, since the store was opened."""

    events: list[Event] = field(default_factory=list)
    start: dict[Path, bytes] = field(default_factory=dict)
    """The data files when the recording began."""
    _last: dict[Path, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, directories: list[Path]) -> None:
        """Nothing may be written meanwhile."""
        self.start = {directory: (directory / DATA_FILE).read_bytes() for directory in directories}
        self._last = dict(self.start)

    def committed(self, environment: Environment) -> None:
        """To be called by the thread that has just committed, before it goes on."""
        directory = environment.path
        if directory is None or directory not in self._last or not _forces_writes(environment):
            return
        content = (directory / DATA_FILE).read_bytes()
        pages = _changed_pages(self._last[directory], content)
        self._last[directory] = content
        with self._lock:
            self.events.append(Boundary(directory, pages))

    def acknowledged(self, what: Any) -> None:
        with self._lock:
            self.events.append(Acknowledged(what))


def files_after_cut(recording: Recording, moment: int, chance: random.Random) -> dict[Path, bytes]:
    """The data files when the power fails right before ``recording.events[moment]``."""
    files = {directory: bytearray(content) for directory, content in recording.start.items()}
    boundaries = [
        [event for event in events if isinstance(event, Boundary)]
        for events in (recording.events[:moment], recording.events[moment:])
    ]
    for boundary in boundaries[0]:
        _write(files[boundary.replica], boundary.pages)
    under_way: dict[Path, Pages] = {}
    for boundary in boundaries[1]:
        under_way.setdefault(boundary.replica, boundary.pages)
    for directory, pages in under_way.items():
        _write(files[directory], _part_of(pages, files[directory], chance))
    return {directory: bytes(content) for directory, content in files.items()}


def _part_of(pages: Pages, before: bytearray, chance: random.Random) -> Pages:
    """What of a commit has reached the disk: nothing, some sectors of its data, all of its data, or everything."""
    data = {number: page for number, page in pages.items() if number not in META_PAGES}
    extent = chance.choice(("nothing", "sectors", "pages", "data", "everything"))
    if extent == "nothing":
        return {}
    if extent == "sectors":
        return {number: _torn(page, _page(before, number), chance) for number, page in data.items()}
    if extent == "pages":
        return {number: page for number, page in data.items() if chance.random() < 0.5}
    return data if extent == "data" else pages


def _torn(new: bytes, old: bytes, chance: random.Random) -> bytes:
    return b"".join(
        (new if chance.random() < 0.5 else old)[place : place + SECTOR_BYTES]
        for place in range(0, PAGE_BYTES, SECTOR_BYTES)
    )


def _page(content: bytes | bytearray, number: int) -> bytes:
    return bytes(content[number * PAGE_BYTES : (number + 1) * PAGE_BYTES]).ljust(PAGE_BYTES, b"\0")


def _write(file: bytearray, pages: Pages) -> None:
    for number, page in pages.items():
        end = (number + 1) * PAGE_BYTES
        if len(file) < end:
            file.extend(bytes(end - len(file)))
        file[end - PAGE_BYTES : end] = page


def _changed_pages(old: bytes, new: bytes) -> Pages:
    numbers = range((len(new) + PAGE_BYTES - 1) // PAGE_BYTES)
    return {number: page for number in numbers if (page := _page(new, number)) != _page(old, number)}


def _forces_writes(environment: Environment) -> bool:
    flags = environment._lmdb.flags()
    return bool(flags["sync"] and flags["metasync"])
