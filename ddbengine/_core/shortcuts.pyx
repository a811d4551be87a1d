"""Shortcuts: what answers some requests from their bodies as sent, and leaves the others alone; and what all of them look
at."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcmp

from ddbengine._core.buffers cimport View, close_view, open_view


cdef enum:
    SHORTEST_TABLE_NAME = 3
    LONGEST_TABLE_NAME = 255


cdef class Shortcut:
    cpdef answer(self, bytes body):
        return None


cdef bint is_table_name(const uint8_t* text, Py_ssize_t size) noexcept:
    """Whether a table can have this name; an ARN is not one."""
    cdef Py_ssize_t i
    cdef uint8_t byte
    if not SHORTEST_TABLE_NAME <= size <= LONGEST_TABLE_NAME:
        return False
    for i in range(size):
        byte = text[i]
        if not (c"0" <= byte <= c"9" or c"a" <= (byte | 0x20) <= c"z" or byte == c"_" or byte == c"-" or byte == c"."):
            return False
    return True


cdef bint holds(object found, bytes wanted) except -1:
    """Whether the bytes that were found are these."""
    cdef View view
    cdef Py_ssize_t size = PyBytes_GET_SIZE(wanted)
    if found is None:
        return False
    open_view(found, &view)
    try:
        return view.end - view.data == size and memcmp(view.data, PyBytes_AS_STRING(wanted), size) == 0
    finally:
        close_view(&view)
