"""Building sets: encoded members become one value, sorted and distinct."""

from ddbengine._core.buffers cimport Out


cdef int finish_set(Out* out, Py_ssize_t start, int kind, Py_ssize_t count, bint drop_repeats) except -1
