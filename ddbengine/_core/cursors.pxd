"""Cursors of LMDB (cursors.pyx)."""

from ddbengine._core.environments cimport Transaction
from ddbengine._core.lmdb_functions cimport Cur, Value


cdef class Cursor:
    cdef Transaction transaction
    cdef Cur cursor
    cdef Value at
    cdef Value found
    cdef bint placed
    cdef unsigned long mutations
    # How many there were in the transaction when ``at`` and ``found`` were last looked up.

    cdef void release(self) noexcept
    cdef int need_open(self) except -1
    cdef bint go(self, int operation) except -1
    cdef bint look(self) except -1
    cdef bint go_to(self, key, int operation) except -1
