"""Base64 as the service takes and gives it."""

from libc.stdint cimport uint8_t

from ddbengine._core.buffers cimport Out


cdef Py_ssize_t decode_base64(object text, uint8_t* to) except -1
cdef int put_base64(Out* out, const uint8_t* source, Py_ssize_t size) except -1
