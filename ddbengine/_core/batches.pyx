"""Writes that are carried out together: taken from Python's objects first, then done without any."""

cimport cython
from cpython.bytes cimport PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t, uint64_t

from ddbengine._core.digests cimport hash_of
from ddbengine._core.lmdb_functions cimport (
    CURRENT,
    GO_THERE,
    KEY_EXISTS,
    NO_OVERWRITE,
    NOT_FOUND,
    Cur,
    Value,
    mdb,
)


cdef extern from "Python.h":
    void Py_INCREF(PyObject* thing)
    void Py_XINCREF(PyObject* thing)
    void Py_DECREF(PyObject* thing)
    void Py_XDECREF(PyObject* thing)
    # Both only look into the object, which needs no lock while there is a reference to it.
    char* data_of "PyBytes_AS_STRING"(PyObject* source) noexcept nogil
    Py_ssize_t size_of "PyBytes_GET_SIZE"(PyObject* source) noexcept nogil


@cython.final
cdef class Batch:
    def __dealloc__(self):
        cdef Py_ssize_t place
        for place in range(self.count):
            Py_DECREF(self.writes[place].key)
            Py_XDECREF(self.writes[place].value)
        PyMem_Free(self.writes)

    cdef bint take(self, deletes, puts, Py_ssize_t most_key_bytes, int never_first) except -1:
        """Add deletes and puts of a change, in this order; False when a key is too long or begins with that byte."""
        for key in deletes:
            if not self.add(key, NULL, most_key_bytes, never_first):
                return False
        for key, value in puts:
            if not PyBytes_CheckExact(value):
                raise TypeError("what is stored are bytes")
            if not self.add(key, <PyObject*>value, most_key_bytes, never_first):
                return False
        return True

    cdef bint add(self, object key, PyObject* value, Py_ssize_t most_key_bytes, int never_first) except -1:
        if not PyBytes_CheckExact(key):
            raise TypeError("a key is bytes")
        if PyBytes_GET_SIZE(key) > most_key_bytes:
            return False
        if PyBytes_GET_SIZE(key) and <uint8_t>data_of(<PyObject*>key)[0] == never_first:
            return False
        if self.count == self.capacity:
            self.grow()
        self.writes[self.count].key = <PyObject*>key
        self.writes[self.count].value = value
        Py_INCREF(<PyObject*>key)
        Py_XINCREF(value)
        self.count += 1
        return True

    cdef int grow(self) except -1:
        cdef Py_ssize_t capacity = 2 * self.capacity + 8
        cdef void* writes = PyMem_Realloc(self.writes, capacity * sizeof(Write))
        if writes == NULL:
            raise MemoryError
        self.writes = <Write*>writes
        self.capacity = capacity
        return 0

    cdef int carry_out(self, Cur cursor, bint hashed, uint64_t* digest) noexcept nogil:
        """Returns LMDB's code; after any but 0 only some of it is done."""
        cdef Py_ssize_t place
        cdef int code
        for place in range(self.count):
            code = carry_out_one(cursor, &self.writes[place], hashed, digest)
            if code:
                return code
        return 0


cdef inline void as_value(PyObject* source, Value* value) noexcept nogil:
    value.data = data_of(source)
    value.size = size_of(source)


cdef inline uint64_t hash_of_entry(Value* key, Value* value) noexcept nogil:
    return hash_of(<const uint8_t*>key.data, key.size, <const uint8_t*>value.data, value.size)


cdef int carry_out_one(Cur cursor, Write* write, bint hashed, uint64_t* digest) noexcept nogil:
    """Delete or put, and keep the digest in step."""
    cdef Value key, value, before
    cdef int code
    as_value(write.key, &key)
    if write.value == NULL:
        code = mdb.cursor_get(cursor, &key, &before, GO_THERE)
        if code:
            return 0 if code == NOT_FOUND else code
        if hashed:
            digest[0] -= hash_of_entry(&key, &before)
        return mdb.cursor_del(cursor, 0)
    as_value(write.value, &value)
    before = value
    code = mdb.cursor_put(cursor, &key, &before, NO_OVERWRITE)
    if code == KEY_EXISTS:
        if hashed:
            digest[0] -= hash_of_entry(&key, &before)
        # The cursor is at the key, so it need not be sought again.
        before = value
        code = mdb.cursor_put(cursor, &key, &before, CURRENT)
    if hashed:
        digest[0] += hash_of_entry(&key, &value)
    return code


cdef int add_counters(dict totals, deletes, puts, counters) except -1:
    """Add the counters of a change to ``totals``, of which rows that it deletes or puts lose what they had."""
    if totals:
        for key in deletes:
            totals.pop(key, None)
        for pair in puts:
            totals.pop(pair[0], None)
    for key, deltas in counters:
        known = totals.get(key)
        totals[key] = deltas if known is None else tuple([a + b for a, b in zip(known, deltas)])
    return 0
