"""The one form of an HTTP/1.1 request that clients of a data service send, read in one go; any other is left alone."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_SetItem
from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcmp


cdef enum:
    LONGEST_NAME = 64
    MOST_DIGITS = 9


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
    return headers, PyBytes_FromStringAndSize(<char*>at + 2, length)
