"""A read of a global index that lacks changes it has to show is put off, and run again when the index has them.

What a read has to show is what was logged when its request came in: the ``pending_lsn`` of its plan, or of the plan's
ReadRequest, taken before there is a snapshot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddbengine.storage.store import Plan

__all__ = ["IndexesBehind", "waited"]


class IndexesBehind(Exception):
    """The plan reads a global index, and may run when the propagator has passed ``lsn``."""

    def __init__(self, lsn: int) -> None:
        super().__init__(lsn)
        self.lsn = lsn


def waited(plan: Plan) -> Plan:
    """A plan that raised IndexesBehind, to be run on a snapshot opened after the wait."""
    behind: Any = plan
    read = getattr(behind, "read", None)
    done: Plan = replace(behind, pending_lsn=0) if read is None else replace(behind, read=replace(read, pending_lsn=0))
    return done
