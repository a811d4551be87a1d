"""A recording of all that reached the disks of a store, from which the files after a power cut at any moment are made.

Every durable commit of a replica is a boundary: what its file held then is on the disk.  A cut between two boundaries
leaves the first one's bytes, and of the pages that the next commit was writing any part, in units of a sector: LMDB
forces the data pages to the disk before it writes the one meta page that makes them count.  A commit of an environment
that does not force its writes is no boundary, so a store that forgot to would be found out.

A write to a replica's journal is a boundary of that file in the same way.  The next one may have been under way as
well, unless a commit comes first: it may be by that that the room it is written to is free.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddbengine.storage import journal_files
from ddbengine.storage.environment import Environment
from ddbengine.storage.seal import DATA_FILE

PAGE_BYTES = 4096
SECTOR_BYTES = 512
META_PAGES = (0, 1)

Pages = dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Boundary:
    """A durable commit of one replica, or a write to its journal: the pages that differ from the boundary before it."""

    file: Path
    pages: Pages

    @property
    def replica(self) -> Path:
        return self.file.parent

    @property
    def is_commit(self) -> bool:
        return self.file.name == DATA_FILE


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
    """The files when the recording began."""
    _last: dict[Path, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, directories: list[Path]) -> None:
        """Nothing may be written meanwhile."""
        names = (DATA_FILE, *journal_files.NAMES)
        files = [directory / name for directory in directories for name in names]
        self.start = {file: file.read_bytes() if file.exists() else b"" for file in files}
        self._last = dict(self.start)

    def committed(self, environment: Environment) -> None:
        """To be called by the thread that has just committed, before it goes on."""
        if environment.path is not None and _forces_writes(environment):
            self._changed(environment.path / DATA_FILE)

    def journaled(self, environment: Environment, half: int) -> None:
        """To be called by the thread that has just written to a journal."""
        if environment.path is not None and _forces_writes(environment):
            self._changed(environment.path / journal_files.NAMES[half])

    def _changed(self, file: Path) -> None:
        if file not in self._last:
            return
        content = file.read_bytes()
        pages = _changed_pages(self._last[file], content)
        self._last[file] = content
        with self._lock:
            self.events.append(Boundary(file, pages))

    def acknowledged(self, what: Any) -> None:
        with self._lock:
            self.events.append(Acknowledged(what))


def files_after_cut(recording: Recording, moment: int, chance: random.Random) -> dict[Path, bytes]:
    """The files when the power fails right before ``recording.events[moment]``."""
    files = {file: bytearray(content) for file, content in recording.start.items()}
    for event in recording.events[:moment]:
        if isinstance(event, Boundary):
            _write(files[event.file], event.pages)
    for boundary in _under_way(recording.events[moment:]):
        _write(files[boundary.file], _part_of(boundary, files[boundary.file], chance))
    return {file: bytes(content) for file, content in files.items()}


def _under_way(events: list[Event]) -> list[Boundary]:
    """What was being written, of each replica: its next commit, and its next write to the journal if that is first."""
    commits: dict[Path, Boundary] = {}
    journals: dict[Path, Boundary] = {}
    for event in events:
        if isinstance(event, Boundary) and event.replica not in commits:
            (commits if event.is_commit else journals).setdefault(event.replica, event)
    return [*commits.values(), *journals.values()]


def _part_of(boundary: Boundary, before: bytearray, chance: random.Random) -> Pages:
    """What of a commit has reached the disk: nothing, some sectors of its data, all of its data, or everything."""
    pages, meta_pages = boundary.pages, META_PAGES if boundary.is_commit else ()
    data = {number: page for number, page in pages.items() if number not in meta_pages}
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
