"""The options of a store that every door has: ``ddbengine serve``, ``ddbengine.open`` and the pytest plugin.

Here is what each may be, by the name that ``ddbengine.open`` gives it; what it means is in docs/embedded.md.  Plain
declarations that import nothing slow: help on the command line needs them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from ddbengine.limits import ITEM_COLLECTION_MAX_BYTES, SHARD_ROLLOVER_SECONDS, STREAM_RETENTION_SECONDS

__all__ = [
    "CHOICES",
    "NUMBERS",
    "SECONDS_PER_HOUR",
    "STREAM_RETENTION_HOURS",
    "TTL_INTERVAL_SECONDS",
    "Number",
    "check",
]

SECONDS_PER_HOUR = 3600
TTL_INTERVAL_SECONDS = 1.0
STREAM_RETENTION_HOURS = STREAM_RETENTION_SECONDS / SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Number:
    """An option that is a number, or None where that is its default."""

    least: float
    most: float | None = None
    unit: str = ""
    is_whole: bool = False
    default: float | None = None

    @property
    def description(self) -> str:
        """What it is, for a sentence that refuses something else."""
        number = "a whole number" if self.is_whole else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        return f"{number}{unit} from {self.least:g} {'on' if self.most is None else f'to {self.most:g}'}"

    def takes(self, value: object) -> bool:
        """Whether it may be this value."""
        if isinstance(value, bool) or not isinstance(value, (int,) if self.is_whole else (int, float)):
            return False
        return self.least <= value and (self.most is None or value <= self.most)

    def of(self, text: str) -> float:
        """The number that a text says: an int for a whole one.  ValueError, in words, for anything else."""
        value = math.nan
        with suppress(ValueError):
            value = int(text) if self.is_whole else float(text)
        if not text.isascii() or not self.takes(value):
            raise ValueError(f"{self.description}, not {text!r}")
        return value


NUMBERS: Mapping[str, Number] = {
    "transient_seconds": Number(0, 86_400, "seconds", default=0.0),
    "ttl_interval": Number(0.01, 86_400, "seconds", default=TTL_INTERVAL_SECONDS),
    "item_collection_limit": Number(1, None, "bytes", is_whole=True, default=ITEM_COLLECTION_MAX_BYTES),
    "gsi_lag_ms": Number(0, None, "milliseconds", is_whole=True),
    "partitions": Number(1, 1_000, is_whole=True, default=1),
    "shard_rollover": Number(1, 86_400, "seconds", default=float(SHARD_ROLLOVER_SECONDS)),
    "stream_retention_hours": Number(0.001, 8_760, "hours", default=STREAM_RETENTION_HOURS),
    "replica_lag_ms": Number(0, None, "milliseconds", is_whole=True, default=0),
    "min_replicas": Number(1, None, is_whole=True),
}

CHOICES: Mapping[str, tuple[object, ...]] = {
    "replicas": (1, 3),
    "durability": ("quorum", "leader", "none"),
    "eventual_reads": ("leader", "any"),
}


_MAY_BE_NONE = frozenset({"gsi_lag_ms", "min_replicas", "partitions", "replicas"})


def check(options: Mapping[str, object]) -> None:
    """Raise ValueError, with a sentence, for the first option that cannot be what it is given."""
    for name, value in options.items():
        number, choices = NUMBERS.get(name), CHOICES.get(name)
        if value is None and name in _MAY_BE_NONE:
            continue
        if number is not None and not number.takes(value):
            raise ValueError(f"{name} is {number.description}, not {value!r}")
        if choices is not None and value not in choices:
            *others, last = map(str, choices)
            raise ValueError(f"{name} is {', '.join(others)} or {last}, not {value!r}")
