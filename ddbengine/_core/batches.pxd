"""Writes that are carried out together (batches.pyx)."""

from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

from ddbengine._core.lmdb_functions cimport Cur


cdef struct Write:
    # Of exact bytes, with references of their own.
    PyObject* key
    PyObject* value
    # NULL to delete.


cdef class Batch:
    cdef Write* writes
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity

    cdef bint take(self, deletes, puts, Py_ssize_t most_key_bytes, int never_first) except -1
    cdef bint add(self, object key, PyObject* value, Py_ssize_t most_key_bytes, int never_first) except -1
    cdef int grow(self) except -1
    cdef int carry_out(self, Cur cursor, bint hashed, uint64_t* digest) noexcept nogil


cdef int add_counters(dict totals, deletes, puts, counters) except -1
