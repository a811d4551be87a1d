"""Cursors of LMDB, and iteration with them; see ``environments``.

A cursor of a write transaction follows what happens to its entry, but not what it knows of it: that is looked up again
after every write of the transaction.
"""

cimport cython

from ddbengine._core.buffers cimport View, close_view, open_view
from ddbengine._core.calls cimport Call, Calls, begin_short, end_short
from ddbengine._core.environments cimport Transaction, as_value, view_of
from ddbengine._core.lmdb_functions cimport (
    GO_CURRENT,
    GO_FIRST,
    GO_KEY,
    GO_LAST,
    GO_NEXT,
    GO_PREVIOUS,
    GO_RANGE,
    NO_PLACE,
    NOT_FOUND,
    mdb,
    raise_closed,
    succeeded,
)


@cython.final
@cython.no_gc
cdef class Cursor:
    """See ``lmdb.Cursor``."""

    def __dealloc__(self):
        self.release()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.release()

    def close(self):
        self.release()

    cdef void release(self) noexcept:
        # LMDB itself closes the cursors of a write transaction when that ends.
        if self.cursor != NULL and not (self.transaction.writes and self.transaction.txn == NULL):
            mdb.cursor_close(self.cursor)
        self.cursor = NULL
        self.placed = False

    cdef int need_open(self) except -1:
        if self.cursor == NULL:
            raise_closed()
        return self.transaction.need_open()

    cdef bint go(self, int operation) except -1:
        """Move; whether there is an entry."""
        cdef Transaction transaction = self.transaction
        cdef Call call
        cdef int code
        self.need_open()
        begin_short(&transaction.environment.calls, &call)
        code = mdb.cursor_get(self.cursor, &self.at, &self.found, operation)
        end_short(&transaction.environment.calls, &call)
        self.mutations = transaction.mutations
        self.placed = code == 0
        if code and code != NOT_FOUND and not (code == NO_PLACE and operation == GO_CURRENT):
            succeeded(code, "mdb_cursor_get")
        return self.placed

    cdef bint look(self) except -1:
        """See that what is known of the entry at hand is still where it was; whether there is one."""
        self.need_open()
        if self.mutations != self.transaction.mutations:
            self.go(GO_CURRENT)
        return self.placed

    cdef bint go_to(self, key, int operation) except -1:
        cdef View view
        open_view(key, &view)
        try:
            as_value(&view, &self.at)
            return self.go(GO_FIRST if operation == GO_RANGE and self.at.size == 0 else operation)
        finally:
            close_view(&view)

    def first(self):
        return self.go(GO_FIRST)

    def last(self):
        return self.go(GO_LAST)

    def next(self):
        return self.go(GO_NEXT)

    def prev(self):
        return self.go(GO_PREVIOUS)

    def set_range(self, key):
        """Go to the first entry that is not below a key; of the empty one to the first of all."""
        return self.go_to(key, GO_RANGE)

    def set_key(self, key):
        return self.go_to(key, GO_KEY)

    def key(self):
        return view_of(&self.at) if self.look() else b""

    def value(self):
        return view_of(&self.found) if self.look() else b""

    def item(self):
        return (view_of(&self.at), view_of(&self.found)) if self.look() else (b"", b"")

    def delete(self):
        """Delete the entry at hand, and go to the one behind it; whether there was one."""
        cdef Calls* calls
        cdef Call call
        cdef int code
        if not self.look():
            return False
        calls = &self.transaction.environment.calls
        begin_short(calls, &call)
        code = mdb.cursor_del(self.cursor, 0)
        end_short(calls, &call)
        self.transaction.mutations += 1
        succeeded(code, "mdb_cursor_del")
        self.go(GO_CURRENT)
        return True

    def __iter__(self):
        return self.iternext()

    def iternext(self, bint keys=True, bint values=True):
        """The entry at hand, or the first, and those behind it."""
        return steps(self, GO_FIRST, GO_NEXT, keys, values)

    def iterprev(self, bint keys=True, bint values=True):
        """The entry at hand, or the last, and those before it."""
        return steps(self, GO_LAST, GO_PREVIOUS, keys, values)


cdef Steps steps(Cursor cursor, int begin, int onward, bint keys, bint values):
    cdef Steps found = Steps.__new__(Steps)
    cursor.need_open()
    if not cursor.placed:
        cursor.go(begin)
    found.cursor = cursor
    found.onward = onward
    found.keys = keys
    found.values = values
    return found


@cython.final
@cython.no_gc
cdef class Steps:
    """Entries from where a cursor is, which goes along."""

    cdef Cursor cursor
    cdef int onward
    cdef bint keys
    cdef bint values
    cdef bint begun

    def __iter__(self):
        return self

    def __next__(self):
        cdef Cursor cursor = self.cursor
        if cursor is None:
            raise StopIteration
        if not self.begun:
            self.begun = True
            cursor.look()
        elif cursor.placed:
            cursor.go(self.onward)
        if not cursor.placed:
            cursor.need_open()
            raise StopIteration
        if not self.values:
            return view_of(&cursor.at)
        if not self.keys:
            return view_of(&cursor.found)
        return view_of(&cursor.at), view_of(&cursor.found)
