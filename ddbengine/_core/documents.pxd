"""Finding an entry of a stored item, for who tests many of them."""

from libc.stdint cimport uint8_t


cdef int find_entry(
    const uint8_t** at, const uint8_t* end, Py_ssize_t count, const char* name, Py_ssize_t size
) except -1
