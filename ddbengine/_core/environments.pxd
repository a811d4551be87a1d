"""Environments of LMDB and their transactions (environments.pyx)."""

from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport PyObject

from ddbengine._core.batches cimport Batch
from ddbengine._core.buffers cimport View
from ddbengine._core.calls cimport Calls
from ddbengine._core.lmdb_functions cimport Cur, Env, Txn, Value


cdef extern from "Python.h":
    int PyBUF_READ


cdef inline void as_value(View* view, Value* value) noexcept:
    value.data = <void*>view.data
    value.size = view.end - view.data


cdef inline object view_of(Value* value):
    return PyMemoryView_FromMemory(<char*>value.data, value.size, PyBUF_READ)


cdef class Environment:
    cdef Env env
    # NULL when it is closed.
    cdef Calls calls
    cdef int forks
    cdef PyObject* newest
    # Of the transactions that have not ended: each is linked to the one before and the one after it.
    cdef object writer
    # The thread that has a write transaction, None without one.
    cdef Txn* spares
    # Read transactions that wait to be renewed.
    cdef Py_ssize_t spare_count
    cdef Py_ssize_t spares_max

    cdef int open_files(self, str path, const char* place, unsigned int flags) except -1
    cdef void release(self) noexcept
    cdef void drop_spares(self) noexcept
    cdef int need_open(self) except -1
    cdef int need_nobody(self) except -1
    cdef int begin_anew(self, bint write, Txn* txn) except -1


cdef class Transaction:
    cdef Environment environment
    cdef PyObject* older
    cdef PyObject* newer
    cdef Txn txn
    # NULL when it has ended.
    cdef Cur writer
    # Of ``apply``; LMDB closes it with the transaction.
    cdef bint writes
    cdef unsigned long mutations

    cpdef get(self, key)
    cpdef apply(self, changes, dict counters, Py_ssize_t most_key_bytes, bint hashed, int never_first=*)
    cdef int need_open(self) except -1
    cdef Txn leave(self) noexcept
    cdef void end_by_abort(self) noexcept
    cdef int store(self, View* key, Value* value, unsigned int flags) noexcept
    cdef object carry_out(self, Batch batch, bint hashed)
