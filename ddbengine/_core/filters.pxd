"""Tests of stored items, for who reads pages of them."""

from ddbengine._core.buffers cimport View


cdef class Test:
    cdef int holds(self, object item, View* view) except -1
