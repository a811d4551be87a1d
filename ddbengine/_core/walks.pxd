"""Entries of a tree one after another, for who reads them without making Python objects of each."""

from libc.stdint cimport uint8_t


cdef struct Entry:
    # Borrowed from the walk, or from what it walks over, until its next step.
    const uint8_t* key
    Py_ssize_t key_size
    const uint8_t* value
    Py_ssize_t value_size


cdef class Walk:
    cdef tuple pair
    # The entry at hand where it came as Python objects, otherwise None.

    cdef bint step(self, Entry* entry) except -1
    cdef bint take_next(self, object pairs, Entry* entry) except -1
    cdef bytes key_of(self, Entry* entry)
    cdef object row_of(self, Entry* entry)


cdef class Bounded(Walk):
    cdef bytes bound
    cdef Py_ssize_t full_size
    cdef object inside
    cdef object inner
    cdef bint reverse
    cdef bint ended

    cdef bint outer_step(self, Entry* entry) except -1


cdef class Pairs(Walk):
    cdef object entries
