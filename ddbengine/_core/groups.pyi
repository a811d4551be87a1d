"""The write transaction that a group of plans shares."""

from collections.abc import Sequence

import lmdb

from ddbengine._core.outcomes import Writes

class GroupedWrites:
    """What plans of one group read from, and what their writes go into: a write transaction.  Deltas of counters are
    added up, and written by ``flush``; who reads a row before that sees the sum.

    Who inherits has ``get_long(key)`` for keys of more than 510 bytes, and ``carry_out_each(changes, hashed)``, which
    returns what they add to the digest modulo 2**64, for changes with such keys and for transactions that are not the
    core's.  OverflowError for a counter that does not fit in 64 bits, CorruptBytes for a row that is none.
    """

    def __init__(
        self, txn: lmdb.Transaction[memoryview], hashed: bool = False, logs_all: bool = False, digest: int = 0
    ) -> None:
        """``hashed`` keeps the digest in step with the writes, from this one on.  ``logs_all``: every change is for the
        log, not only those with ``Writes.logged``."""

    txn: lmdb.Transaction[memoryview]
    @property
    def logged(self) -> list[Writes]:
        """What was applied and is to be in the log."""
    @property
    def marked(self) -> int:
        """How many there were with the last one that has ``Writes.logged``; 0 without any."""
    @property
    def counters(self) -> dict[bytes, tuple[int, ...]]:
        """Deltas by key, not written yet."""
    @property
    def digest(self) -> int: ...
    def get(self, key: bytes) -> memoryview | bytes | None: ...
    def apply(self, writes: Writes) -> None:
        """Carry out one change: its deletes, then its puts, then its counters.

        A key is in at most one of the three.  A counter row that is put or deleted loses the deltas it had so far.
        """
    def apply_all(self, changes: Sequence[Writes]) -> None:
        """Carry out changes that are in the log already."""
    def flush(self) -> None:
        """Write the counters."""
