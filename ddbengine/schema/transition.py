"""What a table shows of a change that is still under way: CREATING, UPDATING, DELETING and what goes with them.

The service answers a change with the old picture and a status, and shows the new picture some time later.  Here the
schema holds the new picture at once, and a transition says how the shown one still differs and until when.  The answer
that starts a change always shows its transition; later answers show it while the clock is before ``until``.  So no
timer is needed, and with no delay a change is seen as done by whoever asks next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ddbengine.schema.table import TableSchema

ACTIVE: Final = "ACTIVE"
CREATING: Final = "CREATING"
UPDATING: Final = "UPDATING"
DELETING: Final = "DELETING"

_SETTING = "Transition"


@dataclass(frozen=True)
class Transition:
    status: str
    """TableStatus meanwhile."""
    until: float = 0.0
    """Seconds since the epoch."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """Description members shown instead of the schema's own; None leaves a member out."""
    indexes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The same for global indexes, by name."""
    removed: tuple[Mapping[str, Any], ...] = ()
    """Descriptions of global indexes that the schema no longer has."""

    def takes_time(self) -> bool:
        """Whether a status tells that something is under way."""
        statuses = any(isinstance(value, Mapping) and "Status" in value for value in self.table.values())
        return self.status != ACTIVE or statuses or bool(self.indexes)

    def touches_indexes(self) -> bool:
        return any("IndexStatus" in members for members in self.indexes.values()) or bool(self.removed)

    def changes_index_set(self) -> bool:
        """An index is being created or deleted online."""
        return any("Backfilling" in members for members in self.indexes.values()) or bool(self.removed)


def merged(old: Transition | None, new: Transition) -> Transition:
    """Two changes under way at once, shown as one."""
    if old is None:
        return new
    return Transition(
        status=new.status if old.status == ACTIVE else old.status,
        until=max(old.until, new.until),
        table={**old.table, **new.table},
        indexes={**old.indexes, **new.indexes},
        removed=old.removed + new.removed,
    )


def transition_of(schema: TableSchema) -> Transition | None:
    """The transition a schema was stored with, over or not."""
    row = schema.settings.get(_SETTING)
    if row is None:
        return None
    return Transition(row["status"], row["until"], row["table"], row["indexes"], tuple(row["removed"]))


def running_transition(schema: TableSchema, now: float) -> Transition | None:
    """The transition a table is in."""
    transition = transition_of(schema)
    return transition if transition is not None and now < transition.until else None


def with_transition(schema: TableSchema, transition: Transition | None) -> TableSchema:
    """The schema with another transition, or none."""
    settings = {name: value for name, value in schema.settings.items() if name != _SETTING}
    if transition is not None:
        settings[_SETTING] = {
            "status": transition.status,
            "until": transition.until,
            "table": dict(transition.table),
            "indexes": {name: dict(members) for name, members in transition.indexes.items()},
            "removed": [dict(description) for description in transition.removed],
        }
    return replace(schema, settings=settings)
