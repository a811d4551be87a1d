"""The check of expiry entries and request tokens must name each kind of damage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ddbengine.engine.expiration import REGISTER
from ddbengine.engine.opening import open_engine
from ddbengine.engine.request_tokens import EXPIRIES as TOKEN_EXPIRIES
from ddbengine.engine.request_tokens import TOKENS
from ddbengine.indexes.expiries import EXPIRIES
from ddbengine.storage.store import Writes
from tests import tables
from tests.engine.calls import Calls
from tests.engine.damage import damage, keys, names
from tests.wire import N, S

FAR = "4102444800"
"""Seconds since the epoch, long after any test."""


@pytest.fixture
def sound() -> Iterator[Calls]:
    """A table with time to live, an item that expires, one that does not, and a client request token."""
    engine = open_engine(None)
    calls = Calls(engine)
    calls.create(tables.table("music"))
    specification = {"Enabled": True, "AttributeName": "until"}
    calls.call("UpdateTimeToLive", TableName="music", TimeToLiveSpecification=specification)
    calls.put("music", {"pk": S("expires"), "until": N(FAR)}, {"pk": S("stays")})
    put = {"Put": {"TableName": "music", "Item": {"pk": S("other")}}}
    calls.call("TransactWriteItems", TransactItems=[put], ClientRequestToken="token")
    assert names(calls) == []
    yield calls
    engine.close()


@pytest.mark.parametrize(
    ("keyspace", "finding"),
    [
        (EXPIRIES, "expiry-missing"),
        (REGISTER, "register-wrong"),
        (TOKENS, "request-token-half"),
        (TOKEN_EXPIRIES, "request-token-half"),
    ],
)
def test_a_row_that_is_gone_is_found(sound: Calls, keyspace: bytes, finding: str) -> None:
    damage(sound, Writes(deletes=keys(sound, keyspace)))
    assert names(sound) == [finding]


def test_an_entry_of_another_time_is_found(sound: Calls) -> None:
    [entry] = keys(sound, EXPIRIES)
    damage(sound, Writes(puts=[(entry[:5] + bytes(8) + entry[13:], b"")]))
    assert names(sound) == ["expiry-of-no-item"]


def test_entries_and_registrations_of_no_table_are_found(sound: Calls) -> None:
    stray = (99).to_bytes(4, "big")
    [register] = keys(sound, REGISTER)
    with sound.engine.store.snapshot() as txn:
        row = txn.get(register)
        assert row is not None
        registered = bytes(row)
    damage(sound, Writes(puts=[(REGISTER + stray, registered), (EXPIRIES + stray + bytes(8) + b"x", b"")]))
    assert sorted(names(sound)) == ["register-of-no-table", "rows-of-no-table"]


def test_a_registration_that_cannot_be_read_is_found(sound: Calls) -> None:
    [register] = keys(sound, REGISTER)
    damage(sound, Writes(puts=[(register, b"\xc1")]))
    assert names(sound) == ["register-unreadable"]


def test_a_reset_leaves_no_expiry_and_no_token(sound: Calls) -> None:
    sound.engine.reset()
    assert [keys(sound, keyspace) for keyspace in (EXPIRIES, REGISTER, TOKENS, TOKEN_EXPIRIES)] == [[], [], [], []]
    assert names(sound) == []
