"""MD5 (RFC 1321), which decides the order of a scan (FACTS 5.7) and protects nothing.

Every key of every request is hashed.  A library's digest object costs ten times what the sum over these few bytes does.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset


cdef uint32_t[64] SINES
cdef int[64] SHIFTS


def _fill_tables():
    from math import floor, sin

    cdef int i
    for i in range(64):
        SINES[i] = <uint32_t><uint64_t>floor(abs(sin(i + 1)) * 2**32)
        SHIFTS[i] = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))[i // 16][i % 4]


_fill_tables()


cdef inline uint32_t little_endian(const uint8_t* at) noexcept nogil:
    return at[0] | (<uint32_t>at[1] << 8) | (<uint32_t>at[2] << 16) | (<uint32_t>at[3] << 24)


cdef void absorb(uint32_t* words, const uint8_t* block) noexcept nogil:
    """Take in a block of 64 bytes."""
    cdef uint32_t a = words[0], b = words[1], c = words[2], d = words[3], mixed, kept
    cdef uint32_t[16] message
    cdef int i, at
    for i in range(16):
        message[i] = little_endian(block + 4 * i)
    for i in range(64):
        if i < 16:
            mixed = (b & c) | (~b & d)
            at = i
        elif i < 32:
            mixed = (d & b) | (~d & c)
            at = (5 * i + 1) & 15
        elif i < 48:
            mixed = b ^ c ^ d
            at = (3 * i + 5) & 15
        else:
            mixed = c ^ (b | ~d)
            at = (7 * i) & 15
        kept = d
        d = c
        c = b
        mixed = mixed + a + SINES[i] + message[at]
        b = b + ((mixed << SHIFTS[i]) | (mixed >> (32 - SHIFTS[i])))
        a = kept
    words[0] += a
    words[1] += b
    words[2] += c
    words[3] += d


cdef void md5_begin(Md5* state, const char* prefix, Py_ssize_t size) noexcept:
    """Begin with a prefix of fewer than 64 bytes."""
    state.words[0] = 0x67452301
    state.words[1] = 0xefcdab89
    state.words[2] = 0x98badcfe
    state.words[3] = 0x10325476
    memcpy(state.block, prefix, size)
    state.held = state.total = size


cdef void md5_finish(Md5* state, const uint8_t* data, Py_ssize_t size) noexcept:
    """Take in what follows the prefix; after that the words are the digest, each with its lowest byte first."""
    cdef Py_ssize_t part
    cdef uint64_t bits
    cdef int i
    state.total += size
    while state.held + size >= 64:
        part = 64 - state.held
        memcpy(state.block + state.held, data, part)
        absorb(state.words, state.block)
        data += part
        size -= part
        state.held = 0
    memcpy(state.block + state.held, data, size)
    state.held += size
    state.block[state.held] = 0x80
    memset(state.block + state.held + 1, 0, 63 - state.held)
    if state.held >= 56:
        absorb(state.words, state.block)
        memset(state.block, 0, 56)
    bits = <uint64_t>state.total * 8
    for i in range(8):
        state.block[56 + i] = (bits >> (8 * i)) & 0xff
    absorb(state.words, state.block)
