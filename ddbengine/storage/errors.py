"""What can be wrong with a store, in words for the person who runs it.  Never a client's fault.

The text of each is one sentence that names the path and what to do; a command line prints it as it is.
"""

from __future__ import annotations


class StoreError(Exception):
    """The store failed: a disk error, a broken file.  Base of the family."""


class StoreBusy(StoreError):
    """Another process, or another open in this one, has the store; or somebody still reads it."""


class StoreUnusable(StoreError):
    """The path cannot be created, read or written."""


class StoreFull(StoreError):
    """No room: the disk, the memory or the map is full.  Nothing of the refused write was kept."""


class StoreFormat(StoreError):
    """The files are not a store of ours, or were written by a version this one cannot read."""


class StoreClosed(StoreError):
    """The store was closed, or was opened before this process was forked off."""
