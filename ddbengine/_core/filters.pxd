"""Tests of stored items, for who reads pages of them."""

from ddbengine._core.buffers cimport View


cdef class Test:
    cdef bint needs_item
    # Whether it asks something that is no Test, which takes the item as an object.

    cdef int holds(self, object item, View* view) except -1
