"""The hash of an entry, for who holds no Python objects of it (digests.pyx)."""

from libc.stdint cimport uint8_t, uint64_t


cdef uint64_t hash_of(const uint8_t* key, Py_ssize_t key_size, const uint8_t* value, Py_ssize_t value_size) noexcept nogil
