"""Shortcuts: what answers some requests from their bodies as sent, and leaves the others alone."""


cdef class Shortcut:
    cpdef answer(self, bytes body):
        return None
