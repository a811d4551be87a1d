"""Response bodies: JSON text in which items that are already JSON are spliced, never parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ddbengine import _core

EMPTY = b"{}"


def wire_item(item: bytes | memoryview) -> orjson.Fragment:
    """A stored item, to be put into a body as it is."""
    return orjson.Fragment(_core.item_to_wire(item))


def body(members: Mapping[str, Any]) -> bytes:
    """The JSON object of a response; members may be Fragments."""
    return orjson.dumps(members) if members else EMPTY
