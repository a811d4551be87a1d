"""Formats of a store, and the way from each to the next.

A step runs in the write transaction that also notes the new format, so a store is always of one format or the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ddbengine.storage import change_log
from ddbengine.storage.digest import digest_of
from ddbengine.storage.errors import StoreFormat
from ddbengine.storage.position import ReplicaRow, write_row
from ddbengine.storage.store import Writes

if TYPE_CHECKING:
    import lmdb

    Transaction = lmdb.Transaction[memoryview]

FORMAT_KEY = b"F"
FORMAT_VERSION = 2

STORE_ID_BYTES = 16


def new_row() -> ReplicaRow:
    """Of the only replica of a store that begins."""
    return ReplicaRow(os.urandom(STORE_ID_BYTES), term=1, lsn=0, applied=0, digest=0, log_from=1)


def _add_replica_row(txn: Transaction) -> None:
    """Format 1 was one environment without digest or replica row.  A fork may have a log: that goes on in a new term,
    which begins with an entry of its own as ever."""
    row = replace(new_row(), digest=digest_of(txn))
    last = change_log.last_entry(txn)
    if last is not None:
        begin, term = change_log.begin(txn), last.term + 1
        assert begin is not None, "it has a last entry"
        entry = change_log.pack([Writes()], last.position, term, last.micros, begin, row.digest)
        change_log.append(txn, entry)
        row = replace(row, term=term, lsn=entry.last, applied=entry.last, log_from=begin)
    write_row(txn, row)


MIGRATIONS: Mapping[int, Callable[[Transaction], None]] = {1: _add_replica_row}
"""What makes a store of this format one of the next."""


def is_current(txn: Transaction) -> bool:
    """Whether an environment is of the format that is written now."""
    return bytes(txn.get(FORMAT_KEY) or b"") == b"%d" % FORMAT_VERSION


def bring_up_to_date(txn: Transaction, where: object) -> None:
    """Note the format in an empty environment, migrate an older one; StoreFormat for any other."""
    stored = txn.get(FORMAT_KEY)
    if stored is None:
        if txn.stat()["entries"]:
            raise StoreFormat(f"{where} holds an LMDB database that is not a store of ddbengine")
        txn.put(FORMAT_KEY, b"%d" % FORMAT_VERSION)
        return
    text = bytes(stored)
    version = int(text) if text.isdigit() else 0
    if version != FORMAT_VERSION and version not in MIGRATIONS:
        raise StoreFormat(
            f"the store in {where} has format {text.decode('ascii', 'replace')}, "
            f"this version of ddbengine reads format {FORMAT_VERSION}"
        )
    for step in range(version, FORMAT_VERSION):
        MIGRATIONS[step](txn)
        txn.put(FORMAT_KEY, b"%d" % (step + 1))
