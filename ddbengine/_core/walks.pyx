"""Entries of a tree one after another, without a Python frame for each."""

from cpython.buffer cimport Py_buffer, PyBuffer_IsContiguous
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_Check, PyMemoryView_FromMemory, PyMemoryView_GET_BUFFER
from cpython.ref cimport Py_DECREF, PyObject
from libc.stdint cimport uint8_t

from ddbengine._core.buffers cimport compare_bytes


cdef extern from "Python.h":
    PyObject* PyIter_Next(object iterator) except? NULL
    int PyBUF_READ


cdef tuple next_of(object iterator):
    """The next pair of an iterator, None at its end."""
    cdef PyObject* found = PyIter_Next(iterator)
    if found == NULL:
        return None
    pair = <object>found
    Py_DECREF(pair)  # the reference that PyIter_Next gave; pair has one of its own
    return <tuple?>pair


cdef int entry_of(tuple pair, Entry* entry) except -1:
    """The bytes of a pair of buffers, which the pair keeps alive."""
    key, value = pair
    bytes_of(key, &entry.key, &entry.key_size)
    return bytes_of(value, &entry.value, &entry.value_size)


cdef int bytes_of(object source, const uint8_t** data, Py_ssize_t* size) except -1:
    cdef Py_buffer* buffer
    if PyBytes_CheckExact(source):
        data[0] = <const uint8_t*>PyBytes_AS_STRING(source)
        size[0] = PyBytes_GET_SIZE(source)
        return 0
    if PyMemoryView_Check(source):
        buffer = PyMemoryView_GET_BUFFER(source)
        if PyBuffer_IsContiguous(buffer, c"C"):
            data[0] = <const uint8_t*>buffer.buf
            size[0] = buffer.len
            return 0
    raise TypeError("an entry is of bytes or memoryviews of bytes")


cdef class Walk:
    """Iterates over (key, value), keys as bytes."""

    cdef bint step(self, Entry* entry) except -1:
        """Find the next entry; False at the end."""
        raise NotImplementedError

    cdef bint take_next(self, object pairs, Entry* entry) except -1:
        """Make the next pair of buffers of an iterator the entry at hand; False at its end."""
        self.pair = next_of(pairs)
        if self.pair is None:
            return False
        entry_of(self.pair, entry)
        return True

    cdef bytes key_of(self, Entry* entry):
        """The key of the entry at hand, as Python has it."""
        return PyBytes_FromStringAndSize(<const char*>entry.key, entry.key_size)

    cdef object row_of(self, Entry* entry):
        """The value of the entry at hand, as Python has it."""
        if self.pair is not None:
            return self.pair[1]
        return PyMemoryView_FromMemory(<char*>entry.value, entry.value_size, PyBUF_READ)

    def __iter__(self):
        return self

    def __next__(self):
        cdef Entry entry
        if not self.step(&entry):
            raise StopIteration
        return self.key_of(&entry), self.row_of(&entry)


cdef class Pairs(Walk):
    """The pairs of buffers of an iterable."""

    def __cinit__(self, entries):
        self.entries = iter(entries)

    cdef bint step(self, Entry* entry) except -1:
        return self.take_next(self.entries, entry)


cdef class Bounded(Walk):
    """The entries of ``outer_step`` up to a bound.

    They end before the first key that is not below ``bound``, or with ``reverse`` before the first that is below it.
    In place of an entry whose key has ``full_size`` bytes or more come the pairs of ``inside(key, value)``.
    """

    cdef bint outer_step(self, Entry* entry) except -1:
        raise NotImplementedError

    cdef bint step(self, Entry* entry) except -1:
        cdef int order
        while True:
            if self.inner is not None:
                if self.take_next(self.inner, entry):
                    return True
                self.inner = None
            if self.ended or not self.outer_step(entry):
                self.ended = True
                return False
            order = compare_bytes(
                entry.key, entry.key_size, <const uint8_t*>PyBytes_AS_STRING(self.bound), PyBytes_GET_SIZE(self.bound)
            )
            if order < 0 if self.reverse else order >= 0:
                self.ended = True
                return False
            if entry.key_size < self.full_size:
                return True
            self.inner = iter(self.inside(self.key_of(entry), self.row_of(entry)))


cdef class Within(Bounded):
    """As ``Bounded``, of an iterator of pairs of buffers."""

    cdef object entries

    def __cinit__(self, entries, bytes bound not None, Py_ssize_t full_size, inside, bint reverse=False):
        self.entries = iter(entries)
        self.bound = bound
        self.full_size = full_size
        self.inside = inside
        self.reverse = reverse

    cdef bint outer_step(self, Entry* entry) except -1:
        return self.take_next(self.entries, entry)
