"""Keys (keys.pyx)."""

from ddbengine._core.buffers cimport Out
from ddbengine._core.stored cimport Head


cdef int put_attribute(Out* out, Head* head, bint is_partition) except -1
