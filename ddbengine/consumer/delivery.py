"""What happens to a batch that a handler does not take: try again, cut in half, go on behind what succeeded, give up.

A pure state machine, with Lambda's rules for a stream: records before the lowest failed one are done; cutting a batch
in half costs no attempt; a record that keeps failing is given up after so many attempts of its own, so that those
behind it can go on.  Times and handlers are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["FAILED", "SUCCEEDED", "Attempt", "Delivery", "GiveUp", "Policy", "lowest_failure"]

SUCCEEDED: int | None = None
"""The result of an attempt that took every record."""
FAILED = 0
"""The result of one that took none, or may have: the first record has to be sent again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How stubborn a delivery is."""

    attempts_max: int | None = None
    """How often the same records are sent before they are given up; None is without end."""
    bisect: bool = False
    """Cut a batch in half when it fails, until the record at fault is alone."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send the records from ``first`` up to but not including ``end``."""

    first: int
    end: int
    is_again: bool
    """Records that have failed before: wait first."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Put the records from ``first`` up to ``end`` away, then call ``given_up``."""

    first: int
    end: int
    attempts: int


class Delivery:
    """One batch of ``size`` records.  ``done`` of them need not be sent again, whatever happens."""

    def __init__(self, size: int, policy: Policy) -> None:
        self.size = size
        self._policy = policy
        self.done = 0
        self._ends = [size] if size else []
        """Where the slices end that the rest of the batch is cut into, the next one last."""
        self._failures = 0
        """Attempts at the next slice that count and have failed."""
        self._is_again = False

    @property
    def is_over(self) -> bool:
        return self.done == self.size

    def next(self) -> Attempt | GiveUp:
        """What to do now; the delivery is not over."""
        end = self._ends[-1]
        if self._policy.attempts_max is not None and self._failures >= self._policy.attempts_max:
            return GiveUp(self.done, end, self._failures)
        return Attempt(self.done, end, self._is_again)

    def result(self, failed: int | None) -> None:
        """How the attempt went: SUCCEEDED, or the index within the attempt of the first record to be sent again."""
        end = self._ends[-1]
        if failed is None:
            self._go_on(end)
            return
        if failed > 0:
            # What fails now is another record, with attempts of its own.
            self.done += failed
            self._failures = 0
        self._is_again = True
        remaining = end - self.done
        if self._policy.bisect and remaining > 1:
            self._ends.append(self.done + (remaining + 1) // 2)
        else:
            self._failures += 1

    def given_up(self) -> None:
        """The records to give up have been put away."""
        self._go_on(self._ends[-1])

    def _go_on(self, end: int) -> None:
        self.done = end
        self._failures = 0
        self._is_again = False
        while self._ends and self._ends[-1] <= end:
            self._ends.pop()


def lowest_failure(answer: Any, numbers: Sequence[str]) -> int | None:
    """What a handler's answer means for the records with these sequence numbers, as Lambda reads it.

    No answer, and an answer without or with an empty list of ``batchItemFailures``, means that all succeeded; an
    identifier that is empty, misspelt or not one of the batch's, that all failed.
    """
    failures = answer.get("batchItemFailures") if isinstance(answer, Mapping) else None
    if not failures:
        return SUCCEEDED
    if not isinstance(failures, Sequence) or isinstance(failures, str):
        return FAILED
    index = {number: at for at, number in enumerate(numbers)}
    lowest = len(numbers)
    for failure in failures:
        number = failure.get("itemIdentifier") if isinstance(failure, Mapping) else None
        if not isinstance(number, str) or number not in index:
            return FAILED
        lowest = min(lowest, index[number])
    return lowest
