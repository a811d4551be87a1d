"""The examination of replicas that nobody has open: each by itself, then beside the others.  Nothing is changed.

By itself: LMDB's pages, before LMDB may map them, for a bad one can end the process; then the layers of long keys, the
digest of all entries, the change log.  Beside the others: the best is the one with the greatest (term, LSN) among the
sound; a sound one may be behind it, but at the same place it must have the same entries.

Takes memory for the pages' numbers and the layers of long keys, whatever the size of the entries.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb

from ddbengine._core import entry_hash
from ddbengine.storage import change_log, layers
from ddbengine.storage.check import check_layers
from ddbengine.storage.digest import COVERED, MODULUS_MASK
from ddbengine.storage.errors import StoreFormat
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.journal import waiting
from ddbengine.storage.journal_files import JournalOnDisk
from ddbengine.storage.migration import FORMAT_KEY, FORMAT_VERSION
from ddbengine.storage.position import ReplicaRow, read_row
from ddbengine.storage.quorum import NOWHERE, Position
from ddbengine.storage.seal import DATA_FILE, SEAL_FILE, is_sealed
from ddbengine.storage.transactions import LogReader

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

__all__ = ["Examined", "Findings", "Progress", "Reading", "compared", "examine", "reading"]

SOUND = "sound"
BEHIND = "behind"
"""Sound, and further back than the best: it catches up, or is rebuilt, when the store is opened."""
DAMAGED = "damaged"
MISSING = "missing"
UNREADABLE = "unreadable"
"""The system does not let us look, or it was written by a version that is not known here."""
FOREIGN = "foreign"
"""Of another store than the best."""

NAMES = ("az1", "az2", "az3")
EXAMPLES_MAX = 10
"""Findings of one name that are kept; more of the same are counted."""
DIFFERENCES_MAX = 1000
"""Then two replicas have been compared enough."""
_PROGRESS_ENTRIES = 2000
_OLDEST_WITH_REPLICAS = 2
"""Stores of an older format are one environment without log, digest or replica row."""

Progress = Callable[[str, int, int], object]
"""Told what is being done, how much of it is done, and of how much (0 when that is not known)."""


class Findings:
    """Collects findings in little memory: the first few of each name, and the number of all."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.kept: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.extend(findings)

    def add(self, finding: Finding) -> None:
        self.counts[finding.name] += 1
        if self.counts[finding.name] <= EXAMPLES_MAX:
            self.kept.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add(finding)

    def __bool__(self) -> bool:
        return bool(self.kept)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of one replica."""

    name: str
    path: Path
    state: str
    findings: Findings
    row: ReplicaRow | None = None
    """None when it cannot be read, and in stores of the first format."""
    entries: int | None = None
    log_entries: int | None = None
    size_bytes: int | None = None
    """Of the data file; None when there is none."""
    readable: bool = False
    """The pages are sound, so that its entries can be read without danger."""
    journaled: Position = NOWHERE
    """How far its journal goes on from the row."""

    @property
    def is_sound(self) -> bool:
        return self.state in (SOUND, BEHIND)

    @property
    def position(self) -> Position:
        """What it has when the store is next opened."""
        return NOWHERE if self.row is None else max(self.row.position, self.journaled)


class Reading(LogReader):
    """A ``store.ReadTxn`` over a transaction of an environment opened for reading."""

    __slots__ = ("txn",)

    def __init__(self, txn: Transaction) -> None:
        self.txn = txn

    def get(self, key: bytes) -> memoryview | None:
        return layers.get(self.txn, key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, memoryview]]:
        return layers.scan(self.txn, low, high, reverse)


@contextmanager
def reading(directory: Path) -> Iterator[Reading]:
    """Read a replica whose pages are known to be sound and that nobody writes to.  Leaves no trace in the directory."""
    environment = lmdb.open(
        os.fspath(directory),
        map_size=max(1 << 20, (directory / DATA_FILE).stat().st_size),
        readonly=True,
        lock=False,
        create=False,
    )
    try:
        with environment.begin(buffers=True) as txn:
            yield Reading(txn)
    finally:
        environment.close()


# --- where replicas are ----------------------------------------------------------------------------------------------


def directories(path: Path, placed: Sequence[Path] = ()) -> dict[str, Path]:
    """By name, the directories a store on ``path`` may have its replicas in, there or not; see ``is_alone``.

    ``placed`` are directories given for them one by one.  A store of the first format is ``path`` itself.
    """
    if placed:
        return dict(zip(NAMES, placed, strict=False))
    if os.path.exists(path / DATA_FILE):
        return {path.name or "store": path}
    return {name: path / name for name in NAMES}


def is_alone(replicas: Sequence[Examined]) -> bool:
    """Whether the first replica is the only one there is meant to be, so that no other is missing."""
    first, *others = replicas
    meant = first.row is not None and first.row.members == 1
    return meant and not any(os.path.exists(other.path) for other in others)


# --- one replica -----------------------------------------------------------------------------------------------------


def examine(name: str, path: Path, progress: Progress) -> Examined:
    """Look at one replica by itself."""
    missing = _missing(path)
    if missing is not None:
        return Examined(name, path, MISSING, Findings([missing]))
    try:
        size_bytes = (path / DATA_FILE).stat().st_size
        damage = Findings(_damaged_pages(path, lambda: progress(f"checking the pages of {name}", 0, 0)))
        if damage:
            return Examined(name, path, DAMAGED, damage, size_bytes=size_bytes)
        with reading(path) as txn:
            examined = _with_journal(_examine_entries(name, path, txn.txn, progress))
        return replace(_with_seal(examined), size_bytes=size_bytes, readable=True)
    except (OSError, lmdb.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Examined(name, path, UNREADABLE, Findings([_in_file("replica-unreadable", f"cannot be read: {reason}")]))


def _with_journal(examined: Examined) -> Examined:
    """Entries of the journal have checksums, so that what is there of them is what was written."""
    if examined.row is None:
        return examined
    entries = waiting(JournalOnDisk(examined.path, durable=False), examined.row)
    return replace(examined, journaled=entries[-1].position) if entries else examined


def _with_seal(examined: Examined) -> Examined:
    """A seal says what the file was at the last clean close, so one that does not fit shows damage where neither pages
    nor digest do: inside log entries and unused pages.  It cannot be an old one: it is taken away before any write."""
    path = examined.path
    if examined.state != SOUND or not os.path.exists(path / SEAL_FILE) or is_sealed(path):
        return examined
    detail = "is not what it was when the store was closed, though all entries are: the log or unused pages differ"
    return replace(examined, state=DAMAGED, findings=Findings([_in_file("seal-broken", detail)]))


def _missing(path: Path) -> Finding | None:
    try:
        (path / DATA_FILE).stat()
    except FileNotFoundError:
        what = f"there is no {DATA_FILE} in {path}" if path.is_dir() else f"there is no directory {path}"
        return Finding("replica-missing", "files", "", what)
    except OSError:
        return None  # said when it is tried to be read
    return None


def _damaged_pages(path: Path, starting: Callable[[], object]) -> list[Finding]:
    # Not imported with the module: only the doctor reads pages.
    from lmdb import verify as pages

    starting()
    verify: Callable[[str], list[str]] = pages.verify
    try:
        return [_in_file("page-damaged", problem) for problem in verify(os.fspath(path / DATA_FILE))]
    except pages.VerifyError as error:
        return [_in_file("file-damaged", f"is not the data file of a store, or has lost its head: {error}")]


def _in_file(name: str, detail: str) -> Finding:
    return Finding(name, DATA_FILE, "", detail)


def _examine_entries(name: str, path: Path, txn: Transaction, progress: Progress) -> Examined:
    entries = txn.stat()["entries"]
    refusal = _unknown_format(txn)
    if refusal is not None:
        return Examined(name, path, UNREADABLE, Findings([refusal]), entries=entries)
    progress(f"checking the long keys of {name}", 0, 0)
    findings = Findings(Finding("layer-broken", "long keys", "", problem) for problem in check_layers(txn))
    if _format_of(txn) < _OLDEST_WITH_REPLICAS:
        return Examined(name, path, DAMAGED if findings else SOUND, findings, entries=entries)
    try:
        row = read_row(txn)
    except StoreFormat as error:
        findings.add(Finding("replica-row-missing", "replica", "R", str(error)))
        return Examined(name, path, DAMAGED, findings, entries=entries)
    log = _Log(row)
    findings.extend(log.check(txn))
    if not findings:
        # A broken layer may lead in circles; and where something is wrong already, the digest says no more.
        findings.extend(_digest_findings(txn, row, lambda done: progress(f"adding up {name}", done, entries)))
    return Examined(name, path, DAMAGED if findings else SOUND, findings, row, entries, log.entries)


def _format_of(txn: Transaction) -> int:
    stored = txn.get(FORMAT_KEY)
    return int(bytes(stored)) if stored is not None and bytes(stored).isdigit() else -1


def _unknown_format(txn: Transaction) -> Finding | None:
    version = _format_of(txn)
    if version < 0:
        return _in_file("format-unknown", "is an LMDB database, but not a store of ddbengine")
    if version > FORMAT_VERSION:
        return _in_file("format-unknown", f"has format {version}, this version reads up to format {FORMAT_VERSION}")
    return None


def _digest_findings(txn: Transaction, row: ReplicaRow, advance: Callable[[int], object]) -> Iterator[Finding]:
    total = done = 0
    for low, high in COVERED:
        for key, value in layers.scan(txn, low, high):
            total += entry_hash(key, value)
            done += 1
            if done % _PROGRESS_ENTRIES == 0:
                advance(done)
    if total & MODULUS_MASK != row.digest:
        detail = f"the entries add up to {total & MODULUS_MASK:016x}, where the replica says {row.digest:016x}"
        yield Finding("digest-wrong", "entries", "", detail)


class _Log:
    """Walks the change log of a replica: every LSN from the row's ``log_from`` to its ``lsn``, each once."""

    def __init__(self, row: ReplicaRow) -> None:
        self._row = row
        self._next = row.log_from
        self._term: int | None = None
        self._digest: int | None = None
        self.entries = 0

    def check(self, txn: Transaction) -> Iterator[Finding]:
        row = self._row
        if not row.applied <= row.lsn or row.log_from > row.lsn + 1:
            detail = f"says LSN {row.lsn}, but applied up to {row.applied} and logged from {row.log_from}"
            yield Finding("position-wrong", "replica", "R", detail)
        cursor = txn.cursor()
        if cursor.set_range(change_log.LOG):
            for key, packed in cursor:
                if key[0] != change_log.LOG[0]:
                    break
                yield from self._check_entry(bytes(key), bytes(packed))
        yield from self._check_end()
        yield from self._check_positions(txn)

    def _check_entry(self, key: bytes, packed: bytes) -> Iterator[Finding]:
        self.entries += 1
        first = change_log.lsn_of(key)
        if first != self._next:
            yield _in_log("log-gap", key, f"LSN {first} follows where {self._next} was expected")
        try:
            entry = change_log.unpack(first, packed)
            count = len(entry.writes)
        except Exception as error:
            # msgpack of anything can be of any shape; whatever that does to decoding, it is this finding.
            yield _in_log("log-entry-unreadable", key, f"the entry cannot be decoded: {error!r}")
            self._next, self._term = first + 1, None
            return
        if self._term is not None and entry.previous_term != self._term:
            detail = f"follows term {entry.previous_term}, but the entry before it is of term {self._term}"
            yield _in_log("log-term-wrong", key, detail)
        self._next, self._term, self._digest = first + count, entry.term, entry.digest

    def _check_end(self) -> Iterator[Finding]:
        row = self._row
        if self._next != row.lsn + 1:
            yield _in_log("log-incomplete", b"", f"it ends at LSN {self._next - 1}, the replica at {row.lsn}")
        elif self._term is not None and self._term != row.term:
            yield _in_log("log-term-wrong", b"", f"it ends in term {self._term}, the replica is in {row.term}")
        elif self._digest is not None and row.applied == row.lsn and self._digest != row.digest:
            detail = f"it ends with digest {self._digest:016x}, the replica says {row.digest:016x}"
            yield _in_log("log-digest-differs", b"", detail)

    def _check_positions(self, txn: Transaction) -> Iterator[Finding]:
        for name, lsn in change_log.positions(txn).items():
            if lsn > self._row.lsn:
                detail = f"follower {name} is said to be done with LSN {lsn}, which is not written yet"
                yield Finding("position-wrong", "change log", name, detail)


def _in_log(name: str, key: bytes, detail: str) -> Finding:
    return Finding(name, "change log", shown(key), detail)


# --- replicas beside each other --------------------------------------------------------------------------------------


def best_of(replicas: Iterable[Examined]) -> Examined | None:
    """The sound replica that has everything acknowledged, if any has; the first among equals."""
    sound = [replica for replica in replicas if replica.is_sound]
    return max(sound, key=lambda replica: replica.position, default=None)


def compared(replicas: list[Examined], progress: Progress) -> list[Examined]:
    """The replicas with what shows only beside the best of them."""
    best = best_of(replicas)
    if best is None or best.row is None:
        return replicas
    return [replica if replica is best else _beside(best, best.row, replica, progress) for replica in replicas]


def _beside(best: Examined, best_row: ReplicaRow, replica: Examined, progress: Progress) -> Examined:
    row = replica.row
    if row is None:
        return replica
    if row.store != best_row.store:
        detail = f"belongs to another store than {best.name}"
        return replace(replica, state=FOREIGN, findings=Findings([Finding("other-store", "replica", "", detail)]))
    if replica.position < best.position or row.applied < best_row.applied:
        return replace(replica, state=BEHIND) if replica.state == SOUND else replica
    if replica.state == SOUND and (row.digest == best_row.digest or row.applied > best_row.applied):
        return replica
    findings = Findings(replica.findings.kept)
    if not any(finding.name == "layer-broken" for finding in findings.kept):
        findings.extend(islice(differences(best, replica, progress), DIFFERENCES_MAX))
    return replace(replica, state=DAMAGED if findings else replica.state, findings=findings)


def differences(best: Examined, other: Examined, progress: Progress) -> Iterator[Finding]:
    """The entries in which a replica differs from the best one at the same place in the log."""
    progress(f"comparing {other.name} with {best.name}", 0, 0)
    with reading(best.path) as good, reading(other.path) as doubtful:
        for low, high in COVERED:
            for key, in_best, in_other in _merged(good.scan(low, high), doubtful.scan(low, high)):
                if in_best is None:
                    detail = f"is there, and not in {best.name}"
                elif in_other is None:
                    detail = f"is missing, and there in {best.name}"
                elif in_best != in_other:
                    detail = f"is another than in {best.name}"
                else:
                    continue
                yield Finding("entry-differs", "entry", shown(key), detail)


def _merged(
    left: Iterator[tuple[bytes, Any]], right: Iterator[tuple[bytes, Any]]
) -> Iterator[tuple[bytes, Any | None, Any | None]]:
    """Two ordered walks as one; None on the side that lacks the key."""
    on_left, on_right = next(left, None), next(right, None)
    while on_left is not None or on_right is not None:
        if on_right is None or (on_left is not None and on_left[0] < on_right[0]):
            assert on_left is not None
            yield on_left[0], on_left[1], None
            on_left = next(left, None)
        elif on_left is None or on_right[0] < on_left[0]:
            yield on_right[0], None, on_right[1]
            on_right = next(right, None)
        else:
            yield on_left[0], on_left[1], on_right[1]
            on_left, on_right = next(left, None), next(right, None)
