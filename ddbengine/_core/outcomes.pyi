"""What a plan comes to, and what a change turns into."""

from collections.abc import Callable, Sequence
from typing import Any

class Outcome:
    """What a plan came to: the response body, and the changes to commit before it may be sent."""

    body: bytes
    changes: Sequence[Any]
    def __init__(self, body: bytes, changes: Sequence[Any] = ()) -> None: ...

class Writes:
    """Physical writes of one change, applied together.  A counter row holds signed 64-bit integers that are added to;
    the committer adds up a group's deltas and touches each row once.  A row of zeros is no row: it reads as None."""

    puts: list[tuple[bytes, bytes]]
    deletes: list[bytes]
    counters: list[tuple[bytes, tuple[int, ...]]]
    record: Callable[[], bytes] | None
    """Makes the logical part of the change's log record; called only when the change is logged."""
    logged: bool
    """Whether a follower of the change log other than the replicas has a use for it.  A store in memory logs nothing
    else."""
    def __init__(
        self,
        puts: list[tuple[bytes, bytes]] | None = None,
        deletes: list[bytes] | None = None,
        counters: list[tuple[bytes, tuple[int, ...]]] | None = None,
        record: Callable[[], bytes] | None = None,
        logged: bool = False,
    ) -> None: ...
