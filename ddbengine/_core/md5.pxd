"""MD5 of a few bytes: see the module."""

from libc.stdint cimport uint8_t, uint32_t


cdef struct Md5:
    uint32_t words[4]
    # What has come and does not fill a block of 64 bytes yet.
    uint8_t block[64]
    Py_ssize_t held
    Py_ssize_t total


cdef void md5_begin(Md5* state, const char* prefix, Py_ssize_t size) noexcept
cdef void md5_finish(Md5* state, const uint8_t* data, Py_ssize_t size) noexcept
