"""HTTP/1.1 on the wire: the one form of a request that clients of a data service send, read in one go; any other is left
alone.  And answers."""

from zlib import crc32

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_SetItem
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy


cdef enum:
    LONGEST_NAME = 64
    MOST_DIGITS = 9
    LONGEST_DECIMAL = 20
    REQUEST_ID_CHARACTERS = 52
    CHARACTER_BITS = 5
    CHARACTERS_OF_A_DRAW = 12


@cython.final
@cython.freelist(16)
cdef class Request:
    """One request, read completely: ``target`` as sent, names of headers in lower case."""

    cdef readonly bytes method
    cdef readonly bytes target
    cdef readonly dict headers
    cdef readonly bytes body

    def __init__(self, bytes method not None, bytes target not None, dict headers not None, bytes body not None):
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body


cdef bytes POST = b"POST"
cdef bytes ROOT = b"/"


cdef uint8_t[256] NAME_BYTES


cdef int fill_table() except -1:
    """The bytes a header's name may have, each as its lower case; 0 for all others."""
    cdef int byte
    for byte in range(128):
        if chr(byte).isalnum() or chr(byte) in "-_":
            NAME_BYTES[byte] = ord(chr(byte).lower())
    return 0


fill_table()


cdef bytes START = b"POST / HTTP/1.1\r\n"
cdef frozenset SPECIAL = frozenset((b"transfer-encoding", b"upgrade", b"expect", b"trailer", b"te", b"http2-settings"))
cdef bytes LENGTH = b"content-length"
cdef bytes CONNECTION = b"connection"


cdef inline Py_ssize_t whole_number(const uint8_t* text, Py_ssize_t size) noexcept:
    """The number that some digits are, -1 for anything else."""
    cdef Py_ssize_t number = 0, i
    if size == 0 or size > MOST_DIGITS:
        return -1
    for i in range(size):
        if text[i] < c"0" or text[i] > c"9":
            return -1
        number = number * 10 + (text[i] - c"0")
    return number


cdef inline bint is_plain(const uint8_t* text, Py_ssize_t size) noexcept:
    """Whether a header's value is nothing but printable ASCII."""
    cdef Py_ssize_t i
    for i in range(size):
        if text[i] < 0x20 or text[i] > 0x7e:
            return False
    return True


cdef Py_ssize_t read_line(const uint8_t* at, const uint8_t* end, dict headers, Py_ssize_t* length) except -1:
    """Read one header into the dict; return the bytes of its line, 0 when the request is not for us."""
    cdef uint8_t[LONGEST_NAME] lower
    cdef const uint8_t* line_end = <const uint8_t*>memchr(at, c"\r", end - at)
    cdef const uint8_t* value = at
    cdef const uint8_t* value_end = line_end
    cdef Py_ssize_t size = 0
    if line_end == NULL or end - line_end < 2 or line_end[1] != c"\n":
        return 0
    # A bytes object ends with a zero, which no name has: the name cannot lead beyond it.
    while size < LONGEST_NAME and NAME_BYTES[value[0]]:
        lower[size] = NAME_BYTES[value[0]]
        size += 1
        value += 1
    if size == 0 or value[0] != c":":
        return 0
    value += 1
    while value < value_end and value[0] == c" ":
        value += 1
    # Space at the end of a value is the parser's to judge.
    if not is_plain(value, value_end - value) or (value < value_end and value_end[-1] == c" "):
        return 0
    name = PyBytes_FromStringAndSize(<char*>lower, size)
    content = PyBytes_FromStringAndSize(<char*>value, value_end - value)
    if PyDict_Contains(headers, name) or name in SPECIAL:
        return 0
    if name == LENGTH:
        length[0] = whole_number(value, value_end - value)
        if length[0] < 0:
            return 0
    elif name == CONNECTION and content.lower() != b"keep-alive":
        return 0
    PyDict_SetItem(headers, name, content)
    return line_end + 2 - at


def plain_post(bytes data not None, Py_ssize_t most_head, Py_ssize_t most_body):
    cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef const uint8_t* end = start + PyBytes_GET_SIZE(data)
    cdef const uint8_t* at = start + PyBytes_GET_SIZE(START)
    cdef Py_ssize_t length = -1, taken
    cdef dict headers = {}
    cdef Request request
    if at >= end or memcmp(start, PyBytes_AS_STRING(START), PyBytes_GET_SIZE(START)) != 0:
        return None
    while True:
        if end - at < 2:
            return None
        if at[0] == c"\r":
            break
        taken = read_line(at, end, headers, &length)
        if taken == 0:
            return None
        at += taken
    if at[1] != c"\n" or at - start > most_head or length > most_body or end - (at + 2) != length:
        return None
    request = Request.__new__(Request)
    request.method = POST
    request.target = ROOT
    request.headers = headers
    request.body = PyBytes_FromStringAndSize(<char*>at + 2, length)
    return request


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
cdef class AnswerWriter:
    """Makes the bytes of answers, each with a request id of its own."""

    cdef uint64_t[4] state

    def __init__(self, bytes seed not None):
        if PyBytes_GET_SIZE(seed) != sizeof(self.state) or not any(seed):
            raise ValueError("a seed is 32 bytes that are not all zero")
        memcpy(self.state, PyBytes_AS_STRING(seed), sizeof(self.state))

    def parts(
        self, bytes start not None, bytes standing not None, bytes lines not None, bytes body not None,
        Py_ssize_t joined_bytes
    ):
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body)
        cdef Py_ssize_t head_most = (
            PyBytes_GET_SIZE(start) + PyBytes_GET_SIZE(standing) + PyBytes_GET_SIZE(lines)
            + PyBytes_GET_SIZE(LENGTH_LINE) + PyBytes_GET_SIZE(ID_LINE) + PyBytes_GET_SIZE(CHECKSUM_LINE)
            + PyBytes_GET_SIZE(HEAD_END) + REQUEST_ID_CHARACTERS + 2 * LONGEST_DECIMAL
        )
        cdef uint64_t checksum = crc32(body)
        cdef bint joined = size <= joined_bytes
        cdef bytes room = PyBytes_FromStringAndSize(NULL, head_most + (size if joined else 0))
        cdef char* begin = PyBytes_AS_STRING(room)
        cdef char* at = append(append(append(begin, start), standing), lines)
        at = append_decimal(append(at, LENGTH_LINE), size)
        at = self.append_id(append(at, ID_LINE))
        at = append_decimal(append(at, CHECKSUM_LINE), checksum)
        at = append(at, HEAD_END)
        if joined:
            return (PyBytes_FromStringAndSize(begin, append(at, body) - begin),)
        return PyBytes_FromStringAndSize(begin, at - begin), body

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
