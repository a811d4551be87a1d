"""Forks: a new store that begins with everything another one holds, and has nothing to do with it from then on.

A fork is taken from the leader's environment as of one moment, while others read and write.  On disk it becomes the
first replica of a store of its own, with another id; its other replicas are made from it when it is opened.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from ddbengine.storage import change_log
from ddbengine.storage.environment import Environment, make_directory
from ddbengine.storage.errors import StoreUnusable
from ddbengine.storage.migration import FORMAT_KEY
from ddbengine.storage.position import REPLICA_KEY
from ddbengine.storage.seal import DATA_FILE, sync_directory

if TYPE_CHECKING:
    Transaction = lmdb.Transaction[memoryview]

__all__ = ["copy_on_disk", "prepare_fork"]

WITHOUT_REPLICAS = 1
"""The format of an environment by itself, which is given an id, a digest and a log of its own when it is opened."""
_MAP_SPARE_BYTES = 1 << 26
"""For the pages that are rewritten when the log is taken out."""


def copy_on_disk(source: Environment, path: Path, first: Path) -> None:
    """Make ``first`` the first replica of a new store in ``path``.  StoreUnusable when there is something already."""
    make_directory(path)
    if os.path.exists(first) and any(first.iterdir()):
        raise StoreUnusable(f"a fork needs a place of its own, and there is something in {first} already")
    make_directory(first)
    file = first / DATA_FILE
    source.copy_to(file)
    environment = lmdb.open(os.fspath(first), map_size=2 * file.stat().st_size + _MAP_SPARE_BYTES)
    try:
        with environment.begin(write=True, buffers=True) as txn:
            prepare_fork(txn)
    finally:
        environment.close()
    sync_directory(first)
    sync_directory(path)


def prepare_fork(txn: Transaction) -> None:
    """Take out of a copy what only its original can go on with: its id, and a log that none but its replicas read."""
    txn.delete(REPLICA_KEY)
    if not change_log.positions(txn):
        change_log.trim(txn, change_log.MAX_LSN)
    txn.put(FORMAT_KEY, b"%d" % WITHOUT_REPLICAS)
