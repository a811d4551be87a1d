"""Answers of HTTP/1.1 on the wire."""

from isal.isal_zlib import crc32

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcpy


cdef enum:
    LONGEST_DECIMAL = 20
    REQUEST_ID_CHARACTERS = 52
    CHARACTER_BITS = 5
    CHARACTERS_OF_A_DRAW = 12


cdef bytes OK = b"HTTP/1.1 200 OK\r\n"
cdef bytes LENGTH_LINE = b"Content-Length: "
cdef bytes ID_LINE = b"\r\nx-amzn-RequestId: "
cdef bytes CHECKSUM_LINE = b"\r\nx-amz-crc32: "
cdef bytes HEAD_END = b"\r\n\r\n"
cdef bytes ID_CHARACTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUV"


cdef inline char* append(char* at, bytes text) noexcept:
    memcpy(at, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
    return at + PyBytes_GET_SIZE(text)


cdef inline char* append_decimal(char* at, uint64_t number) noexcept:
    cdef char[LONGEST_DECIMAL] digits
    cdef Py_ssize_t i = LONGEST_DECIMAL
    while True:
        i -= 1
        digits[i] = <char>(c"0" + number % 10)
        number //= 10
        if number == 0:
            break
    memcpy(at, digits + i, LONGEST_DECIMAL - i)
    return at + LONGEST_DECIMAL - i


cdef inline uint64_t rotated(uint64_t number, int bits) noexcept:
    return number << bits | number >> (64 - bits)


@cython.final
cdef class Frame:
    def __init__(self, bytes plain not None, bytes json not None, Py_ssize_t whole_bytes, bint bodiless):
        self.plain = plain
        self.json = json
        self.whole_bytes = whole_bytes
        self.bodiless = bodiless


@cython.final
cdef class AnswerWriter:
    def __init__(self, bytes seed not None):
        if PyBytes_GET_SIZE(seed) != sizeof(self.state) or not any(seed):
            raise ValueError("a seed is 32 bytes that are not all zero")
        memcpy(self.state, PyBytes_AS_STRING(seed), sizeof(self.state))
        self.known_standing = b""

    @property
    def standing(self):
        return self.known_standing

    @standing.setter
    def standing(self, bytes lines not None):
        self.known_standing = lines

    def parts(self, bytes start not None, bytes lines not None, bytes body not None, Py_ssize_t joined_bytes):
        cdef Py_ssize_t most = self.head_most(start, lines)
        cdef bint joined = PyBytes_GET_SIZE(body) <= joined_bytes
        cdef bytes room = PyBytes_FromStringAndSize(NULL, most + (PyBytes_GET_SIZE(body) if joined else 0))
        cdef char* begin = PyBytes_AS_STRING(room)
        cdef char* at = self.put_head(begin, start, lines, body)
        if joined:
            return (PyBytes_FromStringAndSize(begin, append(at, body) - begin),)
        return PyBytes_FromStringAndSize(begin, at - begin), body

    cdef bytes success(self, Frame frame, bytes body):
        """The answer to a request that went well, in one buffer."""
        cdef Py_ssize_t most = self.head_most(OK, frame.json) + PyBytes_GET_SIZE(body)
        cdef bytes room = PyBytes_FromStringAndSize(NULL, most)
        cdef char* begin = PyBytes_AS_STRING(room)
        cdef char* at = append(self.put_head(begin, OK, frame.json, body), body)
        return PyBytes_FromStringAndSize(begin, at - begin)

    cdef Py_ssize_t head_most(self, bytes start, bytes lines) noexcept:
        """No head with these is longer."""
        return (
            PyBytes_GET_SIZE(start) + PyBytes_GET_SIZE(self.known_standing) + PyBytes_GET_SIZE(lines)
            + PyBytes_GET_SIZE(LENGTH_LINE) + PyBytes_GET_SIZE(ID_LINE) + PyBytes_GET_SIZE(CHECKSUM_LINE)
            + PyBytes_GET_SIZE(HEAD_END) + REQUEST_ID_CHARACTERS + 2 * LONGEST_DECIMAL
        )

    cdef char* put_head(self, char* at, bytes start, bytes lines, bytes body) except NULL:
        cdef uint64_t checksum = crc32(body)
        at = append(append(append(at, start), self.known_standing), lines)
        at = append_decimal(append(at, LENGTH_LINE), PyBytes_GET_SIZE(body))
        at = self.append_id(append(at, ID_LINE))
        at = append_decimal(append(at, CHECKSUM_LINE), checksum)
        return append(at, HEAD_END)

    cdef char* append_id(self, char* at) noexcept:
        cdef int written = 0
        cdef uint64_t bits = 0
        while written < REQUEST_ID_CHARACTERS:
            if written % CHARACTERS_OF_A_DRAW == 0:
                bits = self.draw()
            at[written] = PyBytes_AS_STRING(ID_CHARACTERS)[bits & 31]
            bits >>= CHARACTER_BITS
            written += 1
        return at + REQUEST_ID_CHARACTERS

    cdef uint64_t draw(self) noexcept:
        """The next 64 bits of xoshiro256++: good enough to tell requests apart, and no secret."""
        cdef uint64_t* s = self.state
        cdef uint64_t drawn = rotated(s[0] + s[3], 23) + s[0]
        cdef uint64_t shifted = s[1] << 17
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotated(s[3], 45)
        return drawn
