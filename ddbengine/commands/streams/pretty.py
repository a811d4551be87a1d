"""A stream record for a person: when, what happened, to which key, and of the item only what changed.

    09:12:56  MODIFY  artist="No One You Know" song="Call Me Today"
              ~ year          2001 → 2002
              ~ tags          + "live"
              + awards.grammy 1

The signs say the same as the colours, for those who see none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from itertools import islice
from typing import Any

from rich.text import Text

from ddbengine.commands.streams.differences import Difference, differences
from ddbengine.commands.streams.notation import Value, elided, members_text, name_text, value_text
from ddbengine.consumer.events import created

__all__ = ["PrettyRecords"]

VALUE_MAX_CHARACTERS = 400
LINES_MAX = 60
"""Of one record.  Whoever wants everything asks for another format."""
_PATH_MAX_WIDTH = 32
_PATH_MAX_CHARACTERS = 200
_INDENT = " " * 10
_WIDTH_OF_NAME = 6
_STYLES = {"INSERT": "bold green", "MODIFY": "bold yellow", "REMOVE": "bold red"}
_ADDED, _REMOVED = "green", "red"
_EXPIRY = "dynamodb.amazonaws.com"
"""The principal of deletions by time to live (FACTS 5.13)."""


class PrettyRecords:
    """Makes lines of records, and remembers the day of the last one."""

    def __init__(self, today: date) -> None:
        self._day = today

    def lines(self, record: Mapping[str, Any]) -> Iterator[Text]:
        """``record`` in wire form."""
        content = record["dynamodb"]
        local = datetime.fromtimestamp(created(record), timezone.utc).astimezone()
        if local.date() != self._day:
            self._day = local.date()
            yield Text(f"-- {self._day.isoformat()} --", "dim")
        yield _head(record, content, local)
        yield from _body(record["eventName"], content)


def _head(record: Mapping[str, Any], content: Mapping[str, Any], local: datetime) -> Text:
    name = record["eventName"]
    line = Text.assemble((f"{local:%H:%M:%S}", "dim"), "  ", (name.ljust(_WIDTH_OF_NAME), _STYLES.get(name, "")), " ")
    for attribute, value in content.get("Keys", {}).items():
        line.append(f" {name_text(attribute)}=")
        line.append(elided(value_text(value), VALUE_MAX_CHARACTERS), "bold")
    if record.get("userIdentity", {}).get("principalId") == _EXPIRY:
        line.append("  expired", "dim")
    return line


def _body(event: str, content: Mapping[str, Any]) -> Iterator[Text]:
    changes = list(islice(_changes(event, content), LINES_MAX + 1))
    width = min(max((len(change.path) for _, change in changes), default=0), _PATH_MAX_WIDTH)
    for sign, change in changes[:LINES_MAX]:
        yield _line(sign, change, width)
    if len(changes) > LINES_MAX:
        yield Text(f"{_INDENT}… and more; --format jsonl has it all", "dim")


def _changes(event: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Difference]]:
    """What to tell, each with its sign: ``+`` there now, ``-`` gone, ``~`` another, blank where it may be as before."""
    keys = content.get("Keys", {})
    old, new = (
        None if image is None else {name: value for name, value in image.items() if name not in keys}
        for image in (content.get("OldImage"), content.get("NewImage"))
    )
    if old is not None and new is not None:
        for change in differences(old, new):
            yield _sign(change), change
    elif new is not None:
        yield from (("+" if event == "INSERT" else " ", Difference(name_text(n), None, v)) for n, v in new.items())
    elif old is not None:
        yield from (("-" if event == "REMOVE" else " ", Difference(name_text(n), v, None)) for n, v in old.items())


def _sign(change: Difference) -> str:
    if change.is_of_members or (change.before is not None and change.after is not None):
        return "~"
    return "+" if change.before is None else "-"


def _line(sign: str, change: Difference, width: int) -> Text:
    style = {"+": _ADDED, "-": _REMOVED, "~": "yellow"}.get(sign, "")
    line = Text(_INDENT)
    line.append(f"{sign} ", style)
    line.append(elided(change.path, _PATH_MAX_CHARACTERS).ljust(width))
    if change.is_of_members:
        return _with_members(line, change)
    line.append(" ")
    if sign in "+- ":
        shown = change.after if change.before is None else change.before
        line.append(_value(shown), style)
    else:
        line.append(_value(change.before), _REMOVED)
        line.append(" → ")
        line.append(_value(change.after), _ADDED)
    return line


def _with_members(line: Text, change: Difference) -> Text:
    for sign, value, style in (("-", change.before, _REMOVED), ("+", change.after, _ADDED)):
        if value is not None:
            line.append(f" {sign} {elided(', '.join(members_text(value)), VALUE_MAX_CHARACTERS)}", style)
    return line


def _value(value: Value | None) -> str:
    return "" if value is None else elided(value_text(value), VALUE_MAX_CHARACTERS)
