"""Stored items as DynamoDB JSON (rendering.pyx)."""

from ddbengine._core.buffers cimport Out, View


cdef int put_wire_item(Out* out, View* view) except -1
