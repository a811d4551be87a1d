"""A 64-bit hash of an entry: fast, well mixed, no defence against somebody who wants collisions."""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

from ddbengine._core.buffers cimport View, close_view, open_views

cdef uint64_t ODD_A = 0x9E3779B97F4A7C15
cdef uint64_t ODD_B = 0xC2B2AE3D27D4EB4F
cdef uint64_t ODD_C = 0xD6E8FEB86659FD93


cdef inline uint64_t rotated(uint64_t word, int bits) noexcept nogil:
    return (word << bits) | (word >> (64 - bits))


cdef inline uint64_t mixed(uint64_t state, uint64_t word) noexcept nogil:
    return rotated(state ^ (rotated(word * ODD_B, 31) * ODD_A), 27) * ODD_A + ODD_C


cdef inline uint64_t spread(uint64_t state) noexcept nogil:
    state ^= state >> 32
    state *= ODD_C
    state ^= state >> 29
    state *= ODD_B
    return state ^ (state >> 32)


cdef uint64_t absorbed(uint64_t state, const uint8_t* data, Py_ssize_t size) noexcept nogil:
    """The state after these bytes and their number; so what is a key and what is a value makes a difference."""
    cdef uint64_t word
    cdef Py_ssize_t left = size
    while left >= 8:
        memcpy(&word, data, 8)
        state = mixed(state, word)
        data += 8
        left -= 8
    if left:
        word = 0
        memcpy(&word, data, left)
        state = mixed(state, word)
    return mixed(state, <uint64_t>size)


cdef uint64_t hash_of(const uint8_t* key, Py_ssize_t key_size, const uint8_t* value, Py_ssize_t value_size) noexcept nogil:
    return spread(absorbed(absorbed(ODD_B, key, key_size), value, value_size))


def entry_hash(key, value):
    cdef View left, right
    open_views(key, value, &left, &right)
    try:
        return hash_of(left.data, left.end - left.data, right.data, right.end - right.data)
    finally:
        close_view(&right)
        close_view(&left)
