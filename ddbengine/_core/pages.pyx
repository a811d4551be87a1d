"""Entries of a tree one after another, and pages of them, without a Python frame for each."""

from cpython.buffer cimport Py_buffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_Check, PyMemoryView_GET_BUFFER
from libc.string cimport memcmp

from ddbengine._core.buffers cimport View, close_view, open_view
from ddbengine._core.values cimport size_of_item


cdef inline int order(const char* a, Py_ssize_t a_size, const char* b, Py_ssize_t b_size) noexcept:
    """Below, at or above 0 as byte string a is before b, the same, or after it."""
    cdef int found = memcmp(a, b, a_size if a_size < b_size else b_size)
    if found:
        return found
    return (a_size > b_size) - (a_size < b_size)


cdef class Within:
    """Iterates over (key, value) of an iterator of such pairs of buffers; keys become bytes.

    It ends before the first key that is not below ``bound``, or with ``reverse`` before the first that is below it, and
    before a key of ``full_size`` bytes, which ``stopped_at`` then holds with its value.  After that it goes on behind
    that key; otherwise ``stopped_at`` is None.
    """

    cdef object entries
    cdef bytes bound
    cdef Py_ssize_t full_size
    cdef bint reverse
    cdef readonly object stopped_at

    def __init__(self, entries, bytes bound not None, Py_ssize_t full_size, bint reverse=False):
        self.entries = iter(entries)
        self.bound = bound
        self.full_size = full_size
        self.reverse = reverse

    def __iter__(self):
        return self

    def __next__(self):
        cdef Py_buffer* buffer
        cdef bytes key
        cdef int found
        self.stopped_at = None
        pair = next(self.entries)
        found_key, value = <tuple?>pair
        if PyMemoryView_Check(found_key):
            buffer = PyMemoryView_GET_BUFFER(found_key)
            key = PyBytes_FromStringAndSize(<char*>buffer.buf, buffer.len)
        else:
            key = bytes(found_key)
        found = order(key, len(key), self.bound, len(self.bound))
        if found < 0 if self.reverse else found >= 0:
            raise StopIteration
        if len(key) >= self.full_size:
            self.stopped_at = (key, value)
            raise StopIteration
        return key, value


def take_page(entries, Py_ssize_t limit, Py_ssize_t most_bytes, matches=None):
    cdef View view
    cdef Py_ssize_t scanned = 0, size = 0
    cdef list rows = []
    for pair in entries:
        row = (<tuple?>pair)[1]
        scanned += 1
        open_view(row, &view)
        try:
            size += size_of_item(&view)
        finally:
            close_view(&view)
        if matches is None or matches(row):
            rows.append(row)
        if scanned == limit or size >= most_bytes:
            return rows, scanned, size, row
    return rows, scanned, size, None
