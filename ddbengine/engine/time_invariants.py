"""What must hold between items and the rows that wait for a time: expiry entries and client request tokens.

- the register knows each table with time to live, and nothing else;
- once the register says that a table's entries are filled in, each item that expires has exactly its own entry;
- every client request token has its place in the order in which they expire, and nothing else has.

Rows are looked up one by one, so this takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgpack

from ddbengine import _core
from ddbengine.engine.expiration import REGISTER, register_key, registration
from ddbengine.engine.keys import after, table_prefix
from ddbengine.engine.request_tokens import EXPIRIES as TOKEN_EXPIRIES
from ddbengine.engine.request_tokens import TOKENS
from ddbengine.indexes.expiries import EXPIRIES, expiry_key, expiry_of, item_key_of
from ddbengine.schema.table import TableSchema, TimeToLive
from ddbengine.storage.findings import Finding, shown
from ddbengine.storage.store import ReadTxn

__all__ = ["broken_expiries", "broken_tokens"]

_TIME_BYTES = 8
_UNREADABLE_ROW = (ValueError, TypeError, msgpack.UnpackException)


def broken_expiries(txn: ReadTxn, schemas: Sequence[TableSchema]) -> Iterator[Finding]:
    """What disagrees about when items expire; ``schemas`` are those of all tables."""
    registered = {bytes(key) for key, _ in txn.scan(REGISTER, after(REGISTER))}
    for schema in schemas:
        ttl = schema.time_to_live
        if ttl is None:
            continue
        registered.discard(register_key(ttl))
        yield from _table_findings(txn, schema, ttl)
    for key in sorted(registered):
        yield Finding("register-of-no-table", "expiries", shown(key), "no table has this time to live")


def _table_findings(txn: ReadTxn, schema: TableSchema, ttl: TimeToLive) -> Iterator[Finding]:
    place = f"table {schema.name}"
    row = txn.get(register_key(ttl))
    try:
        registered = None if row is None else registration(row)
    except _UNREADABLE_ROW as error:
        yield Finding("register-unreadable", place, shown(register_key(ttl)), f"cannot be read: {error!r}")
        return
    if registered is None or registered[:2] != (schema.namespace, schema.name):
        yield Finding("register-wrong", place, shown(register_key(ttl)), "its time to live is not in the register")
    elif registered.filled_to is None:
        yield from _items_without_entry(txn, schema, ttl, place)
        yield from _entries_without_item(txn, schema, ttl, place)


def _items_without_entry(txn: ReadTxn, schema: TableSchema, ttl: TimeToLive, place: str) -> Iterator[Finding]:
    prefix = table_prefix(schema)
    for key, item in txn.scan(prefix, after(prefix)):
        expiry = _expiry(ttl, item)
        if expiry is not None and txn.get(expiry_key(ttl, expiry, bytes(key))) is None:
            yield Finding("expiry-missing", place, shown(bytes(key)), f"expires at {expiry} and has no expiry entry")


def _entries_without_item(txn: ReadTxn, schema: TableSchema, ttl: TimeToLive, place: str) -> Iterator[Finding]:
    prefix = EXPIRIES + ttl.number.to_bytes(4, "big")
    for key, _ in txn.scan(prefix, after(prefix)):
        entry = bytes(key)
        item_key = item_key_of(table_prefix(schema), entry)
        item = txn.get(item_key)
        expiry = None if item is None else _expiry(ttl, item)
        if expiry is None or expiry_key(ttl, expiry, item_key) != entry:
            yield Finding("expiry-of-no-item", place, shown(entry), "an expiry entry that no item accounts for")


def _expiry(ttl: TimeToLive, item: _core.Buffer) -> int | None:
    """None too for an item that cannot be read, which the walk over items tells of."""
    try:
        return expiry_of(ttl, item)
    except _core.CorruptBytes:
        return None


def broken_tokens(txn: ReadTxn) -> Iterator[Finding]:
    """Client request tokens that have only one of their two rows."""
    for key, row in txn.scan(TOKENS, after(TOKENS)):
        name = bytes(key)[len(TOKENS) :]
        if txn.get(TOKEN_EXPIRIES + bytes(row)[:_TIME_BYTES] + name) is None:
            yield _of_token(bytes(key), "is remembered and would never be forgotten")
    for key, _ in txn.scan(TOKEN_EXPIRIES, after(TOKEN_EXPIRIES)):
        time, name = bytes(key)[len(TOKEN_EXPIRIES) :][:_TIME_BYTES], bytes(key)[len(TOKEN_EXPIRIES) + _TIME_BYTES :]
        remembered = txn.get(TOKENS + name)
        if remembered is None or bytes(remembered)[:_TIME_BYTES] != time:
            yield _of_token(bytes(key), "is due to be forgotten and not remembered")


def _of_token(key: bytes, detail: str) -> Finding:
    return Finding("request-token-half", "client request tokens", shown(key), detail)
