"""Which binding opens LMDB's environments: the core's where it finds LMDB's functions, else the package's."""

from __future__ import annotations

import os
from typing import Any, cast

import lmdb

from ddbengine import _core

PACKAGE_ONLY = "DDBENGINE_LMDB_PACKAGE"
"""An environment variable: with any value the package's binding opens everything."""


def open_environment(path: str, **options: Any) -> lmdb.Environment:
    """Open as ``lmdb.open`` does, of whose interface both have what storage needs, with the same errors.

    The directory is there already, and transactions are begun with ``buffers``.
    """
    if _core.finds_lmdb() and not os.environ.get(PACKAGE_ONLY):
        return cast(lmdb.Environment, _core.Environment(path, **options))
    return lmdb.open(path, create=False, **options)
