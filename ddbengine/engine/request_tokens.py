"""Client request tokens: a transaction that is sent twice takes effect once (FACTS 5.8).

A transaction that was carried out leaves its token in the store for ten minutes, with a digest of what it asked for.
One that was refused or cancelled leaves nothing: it may be tried again under the same token.

| key | value |
| --- | --- |
| ``K t <namespace> 00 <token>`` | when it expires, then the digest |
| ``K x <when it expires> <namespace> 00 <token>`` | nothing; the tokens in the order in which they expire |

Times are microseconds since the epoch in 8 bytes, big endian.  Of each token both rows exist, or neither.

The committer runs one plan after another, and a token is committed with the very changes it stands for: who finds one
finds a transaction that is over, so TransactionInProgressException cannot arise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import orjson

from ddbengine.engine.purge import DONE, MORE
from ddbengine.errors import IdempotentParameterMismatchException
from ddbengine.limits import CLIENT_TOKEN_VALID_SECONDS
from ddbengine.storage.store import Outcome, ReadTxn, Store, Writes

TOKENS = b"Kt"
EXPIRIES = b"Kx"
_EXPIRIES_END = b"Ky"

SWEEP_TOKENS = 2_000
"""Tokens one sweep removes, of two keys each: a few milliseconds of the committer's time."""
SWEEP_SECONDS = 60.0
"""At least this long between sweeps that found everything expired: one is worth more than a single token."""

_TIME_BYTES = 8
_DIGEST_BYTES = 16

# Not captured (FACTS 8); this is the sentence that DynamoDB Local holds for it.
_MISMATCH = "Specified idempotent token was used with different request parameters within the idempotency window"


@dataclass(frozen=True, slots=True)
class RequestToken:
    """The token of a request, and the digest of what the request asks for."""

    name: bytes
    """``<namespace> 00 <token>``"""
    digest: bytes

    def was_used(self, txn: ReadTxn, now: float) -> bool:
        """Whether this request was carried out before; raise IdempotentParameterMismatchException if another one was.

        ``now`` is in seconds since the epoch.
        """
        found = txn.get(TOKENS + self.name)
        row = b"" if found is None else bytes(found)
        if row[:_TIME_BYTES] <= _time(now):
            return False
        if row[_TIME_BYTES:] != self.digest:
            raise IdempotentParameterMismatchException(_MISMATCH)
        return True

    def remember(self, txn: ReadTxn, now: float) -> Writes:
        """Writes that keep the token, to be committed with the changes that the request asks for."""
        expiry = _time(now + CLIENT_TOKEN_VALID_SECONDS)
        writes = Writes(puts=[(TOKENS + self.name, expiry + self.digest), (EXPIRIES + expiry + self.name, b"")])
        expired = txn.get(TOKENS + self.name)
        if expired is not None:
            writes.deletes.append(EXPIRIES + bytes(expired[:_TIME_BYTES]) + self.name)
        return writes


def request_token(token: str | None, namespace: str, asked: Any) -> RequestToken | None:
    """The token of a request that asks for ``asked``, as parsed JSON; None when the request has no token.

    Members in another order ask for the same; so does another ReturnConsumedCapacity, which is not part of ``asked``.
    """
    if token is None:
        return None
    content = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()
    return RequestToken(namespace.encode() + b"\x00" + token.encode(), digest)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Removes up to ``most`` expired tokens, the oldest first; the outcome's body is MORE when that was not all."""

    clock: Callable[[], float]
    """Seconds since the epoch."""
    most: int = SWEEP_TOKENS
    writes: ClassVar[bool] = True
    consistent: ClassVar[bool] = True

    def run(self, txn: ReadTxn) -> Outcome:
        # Up to and including this very microsecond, when a token is no longer good.
        due = txn.scan(EXPIRIES, EXPIRIES + _time(self.clock()) + b"\xff")
        rows = [bytes(key) for key, _ in islice(due, self.most + 1)]
        deletes = [key for row in rows[: self.most] for key in (row, TOKENS + row[len(EXPIRIES) + _TIME_BYTES :])]
        return Outcome(MORE if len(rows) > self.most else DONE, [Writes(deletes=deletes)] if deletes else ())


def sweep_pending(txn: ReadTxn) -> bool:
    """Whether there are tokens, expired or not."""
    return _next_expiry(txn) is not None


def sweep_chore(store: Store, clock: Callable[[], float]) -> Callable[[], float | None]:
    """The housekeeping chore: one sweep, due again when the oldest token that is left expires."""
    plan = Sweep(clock)

    def sweep() -> float | None:
        if store.submit(plan).result().body == MORE:
            return 0.0
        with store.snapshot() as txn:
            expiry = _next_expiry(txn)
        return None if expiry is None else max(expiry - clock(), SWEEP_SECONDS)

    return sweep


def _next_expiry(txn: ReadTxn) -> float | None:
    """When the oldest token expires or did, in seconds since the epoch; None when there is no token."""
    for key, _ in txn.scan(EXPIRIES, _EXPIRIES_END):
        start = len(EXPIRIES)
        return int.from_bytes(bytes(key)[start : start + _TIME_BYTES], "big") / 1_000_000
    return None


def _time(seconds: float) -> bytes:
    return int(seconds * 1_000_000).to_bytes(_TIME_BYTES, "big")
