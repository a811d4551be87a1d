# The bytes of answers, see ``AnswerWriter`` and ``Frame`` in ``answers.pyi``.

from libc.stdint cimport uint64_t


cdef class Frame:
    cdef readonly bytes plain
    cdef readonly bytes json
    cdef readonly Py_ssize_t whole_bytes
    cdef readonly bint bodiless


cdef class AnswerWriter:
    cdef uint64_t[4] state
    cdef bytes known_standing

    cdef bytes success(self, Frame frame, bytes body)
    cdef char* put_head(self, char* at, bytes start, bytes lines, bytes body) except NULL
    cdef Py_ssize_t head_most(self, bytes start, bytes lines) noexcept
    cdef char* append_id(self, char* at) noexcept
    cdef uint64_t draw(self) noexcept
