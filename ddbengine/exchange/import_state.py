"""How far an import is, in a small file beside its source, so that it can go on after whatever ended it.

What the file says is in the table for certain; more may be.  Going on puts those items again, which changes nothing.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ddbengine.exchange.sources import START, Cursor, Source

__all__ = ["BadState", "ImportState", "StateFile", "state_path"]

SUFFIX = ".import-state"
_VERSION = 1


class BadState(Exception):
    """A state file cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class ImportState:
    cursor: Cursor
    items: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Identity:
    """What an import is of and into: a state of another one says nothing."""

    source: str
    files: list[str]
    table: str
    target: str


def state_path(source: Source) -> Path:
    """Beside the source: ``items.json.import-state``."""
    path = source.path.resolve()
    return path.with_name(path.name + SUFFIX)


class StateFile:
    """The state of one import, kept in a file that is replaced as a whole."""

    def __init__(self, path: Path, source: Source, table_name: str, target: str) -> None:
        self.path = path
        files = [file.path.name for file in source.files]
        self._identity = _Identity(str(source.path.resolve()), files, table_name, target)

    def read(self) -> ImportState:
        """The recorded state, or that of an import that has not begun; raise BadState."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return ImportState(START)
        except OSError as error:
            raise BadState(f"{self.path}: {error.strerror}") from error
        try:
            recorded = orjson.loads(content)
            version, identity = recorded["version"], recorded["import"]
            state = ImportState(
                Cursor(int(recorded["file"]), int(recorded["line"])), int(recorded["items"]), int(recorded["refused"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadState(f"{self.path}: is no state of an import") from error
        if version != _VERSION:
            raise BadState(f"{self.path}: was written by another version")
        for name, mine in asdict(self._identity).items():
            if identity.get(name) != mine:
                raise BadState(f"{self.path}: is of another import: its {name} is {identity.get(name)!r}, not {mine!r}")
        return state

    def write(self, state: ImportState) -> None:
        """Raise OSError."""
        record = {
            "version": _VERSION,
            "import": asdict(self._identity),
            "file": state.cursor.file,
            "line": state.cursor.line,
            "items": state.items,
            "refused": state.refused,
        }
        # Synced before it is renamed, so that a loss of power leaves the old file or the new one, never a torn one.
        new = self.path.with_name(self.path.name + ".new")
        with new.open("wb") as file:
            file.write(orjson.dumps(record))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
