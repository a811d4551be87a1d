"""Entries of a tree one after another, and pages of them, without a Python frame for each."""

from cpython.buffer cimport Py_buffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_Check, PyMemoryView_GET_BUFFER
from cpython.ref cimport Py_DECREF, PyObject
from libc.stdint cimport uint8_t

from ddbengine._core.buffers cimport View, close_view, compare_bytes, open_view
from ddbengine._core.filters cimport Test
from ddbengine._core.values cimport size_of_item


cdef extern from "Python.h":
    PyObject* PyIter_Next(object iterator) except? NULL


cdef tuple next_of(object iterator):
    """The next pair of an iterator, None at its end."""
    cdef PyObject* found = PyIter_Next(iterator)
    if found == NULL:
        return None
    pair = <object>found
    Py_DECREF(pair)  # the reference that PyIter_Next gave; pair has one of its own
    return <tuple?>pair


cdef class Within:
    """Iterates over (key, value) of an iterator of such pairs of buffers; keys become bytes.

    It ends before the first key that is not below ``bound``, or with ``reverse`` before the first that is below it.  In
    place of an entry whose key has ``full_size`` bytes or more come the pairs of ``inside(key, value)``.
    """

    cdef object entries
    cdef object inside
    cdef object inner
    cdef bytes bound
    cdef Py_ssize_t full_size
    cdef bint reverse

    def __init__(self, entries, bytes bound not None, Py_ssize_t full_size, inside, bint reverse=False):
        self.entries = iter(entries)
        self.bound = bound
        self.full_size = full_size
        self.inside = inside
        self.reverse = reverse

    cdef tuple step(self):
        """The next pair, its key as it came; None at the end."""
        cdef Py_buffer* buffer
        cdef const uint8_t* key
        cdef Py_ssize_t size
        cdef tuple pair
        cdef int found
        while True:
            if self.inner is not None:
                pair = next_of(self.inner)
                if pair is not None:
                    return pair
                self.inner = None
            pair = None if self.entries is None else next_of(self.entries)
            if pair is None:
                return None
            found_key, value = pair
            if PyMemoryView_Check(found_key):
                # It was made for us a moment ago, so it is neither released nor anything but plain bytes.
                buffer = PyMemoryView_GET_BUFFER(found_key)
                key, size = <const uint8_t*>buffer.buf, buffer.len
            elif PyBytes_CheckExact(found_key):
                key, size = <const uint8_t*>PyBytes_AS_STRING(found_key), PyBytes_GET_SIZE(found_key)
            else:
                raise TypeError("a key is a memoryview or bytes")
            found = compare_bytes(key, size, <const uint8_t*>PyBytes_AS_STRING(self.bound), len(self.bound))
            if found < 0 if self.reverse else found >= 0:
                self.entries = None
                return None
            if size < self.full_size:
                return pair
            self.inner = iter(self.inside(bytes(found_key), value))

    def __iter__(self):
        return self

    def __next__(self):
        pair = self.step()
        if pair is None:
            raise StopIteration
        return bytes(pair[0]), pair[1]


def take_page(entries, Py_ssize_t limit, Py_ssize_t most_bytes, matches=None):
    cdef View view
    cdef Py_ssize_t scanned = 0, size = 0
    cdef list rows = []
    cdef bint kept
    cdef tuple pair
    cdef Within walk = entries if isinstance(entries, Within) else None
    cdef Test test = matches if isinstance(matches, Test) else None
    others = None if walk is not None else iter(entries)
    while True:
        pair = walk.step() if walk is not None else next_of(others)
        if pair is None:
            return rows, scanned, size, None
        row = pair[1]
        scanned += 1
        open_view(row, &view)
        try:
            size += size_of_item(&view)
            kept = matches is None or (test is not None and test.holds(row, &view))
        finally:
            close_view(&view)
        if kept or (matches is not None and test is None and matches(row)):
            rows.append(row)
        if scanned == limit or size >= most_bytes:
            return rows, scanned, size, row
