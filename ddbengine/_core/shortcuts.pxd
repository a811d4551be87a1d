# What a request may be answered by without the way of all others: see ``Shortcut`` in ``__init__.pyi``.


cdef class Shortcut:
    cpdef answer(self, bytes body)
