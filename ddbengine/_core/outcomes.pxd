# What plans come to and changes turn into, see ``Outcome`` and ``Writes`` in ``outcomes.pyi``.


cdef class Outcome:
    cdef public bytes body
    cdef public object changes


cdef class Writes:
    cdef public object puts
    cdef public object deletes
    cdef public object counters
    cdef public object record
    cdef public bint logged

    cdef tuple parts(self)
