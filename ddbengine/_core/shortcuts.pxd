# What a request may be answered by without the way of all others: see ``Shortcut`` in ``shortcuts.pyi``.

from libc.stdint cimport uint8_t


cdef class Shortcut:
    cpdef answer(self, bytes body)


cdef bint is_table_name(const uint8_t* text, Py_ssize_t size) noexcept
cdef bint holds(object found, bytes wanted) except -1
