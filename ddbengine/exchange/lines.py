"""Files of an item a line, whatever a line's format is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from ddbengine.exchange.records import Record
from ddbengine.limits import MIB

__all__ = ["Unreadable", "read_lines"]

LINE_MAX_BYTES = 16 * MIB
"""Many times what an item can be, so that a file without lines does not fill the memory."""
_SHOWN_CHARACTERS = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unreadable(Exception):
    """A line is no item; args[0] says why, as the end of a sentence about it."""


def read_lines(parse: Callable[[bytes], dict[str, Any]], stream: BinaryIO, skip: int = 0) -> Iterator[Record]:
    """With the item that ``parse`` makes of a line, a ``Reader``; blank lines are passed over."""
    for number, line in enumerate(iter(partial(stream.readline, LINE_MAX_BYTES), b""), 1):
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if number <= skip or line.isspace() or not line:
            continue
        if len(line) == LINE_MAX_BYTES and not line.endswith(b"\n"):
            yield Record(number, None, f"the line is longer than {LINE_MAX_BYTES} bytes", _shown(line))
            return
        try:
            item = parse(line)
        except Unreadable as error:
            yield Record(number, None, str(error), _shown(line))
        else:
            yield Record(number, item)


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
