"""The three forms that ``tail`` prints records in, each a writer that is given a round of records at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol, TextIO

from rich.console import Console

from ddbengine.commands.streams.pretty import PrettyRecords
from ddbengine.consumer.events import Record, event_of

__all__ = ["FORMATS", "Writer", "console_for", "writer_for"]

FORMATS = ("pretty", "jsonl", "lambda")


class Writer(Protocol):
    def write(self, records: Sequence[Record]) -> None:
        """Print records, at least one, and flush.  Raise BrokenPipeError when nobody reads any more."""


def writer_for(form: str, out: TextIO, color: str) -> Writer:
    """``form`` is one of FORMATS; ``color`` is auto, always or never, and of use to ``pretty`` only."""
    if form == "pretty":
        return _PrettyWriter(console_for(out, color))
    return _JsonWriter(out, as_event=form == "lambda")


def console_for(out: TextIO, color: str = "auto") -> Console:
    """A console that prints what it is told and nothing else: no markup, no guesses at what is a number.

    With ``auto``, colours are for terminals, and NO_COLOR switches them off.
    """
    options: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False, "soft_wrap": True}
    if color == "always":
        options |= {"force_terminal": True, "no_color": False}
    elif color == "never":
        options |= {"no_color": True, "color_system": None}
    return _Console(file=out, **options)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command."""
        raise


class _PrettyWriter:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._records = PrettyRecords(datetime.now().date())

    def write(self, records: Sequence[Record]) -> None:
        with self._console:
            for record in records:
                for line in self._records.lines(record):
                    self._console.print(line)


class _JsonWriter:
    def __init__(self, out: TextIO, *, as_event: bool) -> None:
        self._out = out
        self._as_event = as_event

    def write(self, records: Sequence[Record]) -> None:
        texts = [event_of(records)] if self._as_event else records
        self._out.writelines(f"{_json(text)}\n" for text in texts)
        self._out.flush()


def _json(value: Any) -> str:
    # As ASCII, so that no terminal obeys what an item says, and no encoding stands in the way.
    return json.dumps(value, separators=(",", ":"))
