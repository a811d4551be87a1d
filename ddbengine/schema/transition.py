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
    """The same for global and vector indexes, by name."""
    removed: tuple[Mapping[str, Any], ...] = ()
    """Descriptions of global and vector indexes that the schema no longer has."""
    filling: tuple[str, ...] = ()
    """Names of vector indexes that are shown as being filled once everything else is over, until ``filling_until``."""
    filling_until: float = 0.0

    def takes_time(self) -> bool:
        """Whether a status tells that something is under way."""
        statuses = any(isinstance(value, Mapping) and "Status" in value for value in self.table.values())
        return self.status != ACTIVE or statuses or bool(self.indexes)

    def at(self, now: float) -> Transition | None:
        """What is shown of it at a time, None when it is over."""
        if now < self.until:
            return self
        if now < self.filling_until:
            shown = {name: {"IndexStatus": CREATING, "Backfilling": True} for name in self.filling}
            return Transition(ACTIVE, self.filling_until, indexes=shown)
        return None

    def fills(self, name: str) -> bool:
        """Whether an index is shown as being filled."""
        return bool(self.indexes.get(name, {}).get("Backfilling"))

    def touches_indexes(self) -> bool:
        return any("IndexStatus" in members for members in self.indexes.values()) or bool(self.removed)

    def changes_index_set(self) -> bool:
        """An index is being created or deleted online."""
        return any("Backfilling" in members for members in self.indexes.values()) or bool(self.removed)


def merged(old: Transition | None, new: Transition) -> Transition:
    """Two changes under way at once, shown as one."""
    if old is None:
        return new
    gone = {description["IndexName"] for description in new.removed}
    indexes = {name: members for name, members in old.indexes.items() if name not in gone}
    return Transition(
        status=new.status if old.status == ACTIVE else old.status,
        until=max(old.until, new.until),
        table={**old.table, **new.table},
        indexes={**indexes, **new.indexes},
        removed=old.removed + new.removed,
        filling=tuple(name for name in old.filling if name not in gone) + new.filling,
        filling_until=max(old.filling_until, new.filling_until),
    )


def transition_of(schema: TableSchema) -> Transition | None:
    """The transition a schema was stored with, over or not."""
    row = schema.settings.get(_SETTING)
    if row is None:
        return None
    return Transition(
        row["status"],
        row["until"],
        row["table"],
        row["indexes"],
        tuple(row["removed"]),
        tuple(row.get("filling", ())),
        row.get("filling_until", 0.0),
    )


def running_transition(schema: TableSchema, now: float) -> Transition | None:
    """The transition a table is in."""
    transition = transition_of(schema)
    return None if transition is None else transition.at(now)


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
            **(
                {"filling": transition.filling, "filling_until": transition.filling_until} if transition.filling else {}
            ),
        }
    return replace(schema, settings=settings)
