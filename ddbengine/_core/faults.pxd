"""The exceptions of the core; the classes are Python's (faults.pyx)."""


cdef int corrupt(str why) except -1
cdef int damaged(str why) except -1
