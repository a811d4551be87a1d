"""HTTP/1.1 on the wire: the one form of a request that clients of a data service send, read in one go; any other is left
alone.  And answers."""

from isal.isal_zlib import crc32

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy


cdef enum:
    LONGEST_NAME = 64
    LONGEST_KIND = 1024
    MOST_HEADERS = 64
    MEANINGS_COUNT = 15
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
    cdef readonly bytes body
    cdef readonly bytes kind
    cdef dict known_headers
    # None until somebody asks: of most requests ``kind`` is all that is wanted.
    cdef bytes head

    def __init__(self, bytes method not None, bytes target not None, dict headers not None, bytes body not None):
        self.method = method
        self.target = target
        self.known_headers = headers
        self.body = body

    @property
    def headers(self):
        if self.known_headers is None:
            self.known_headers = headers_of(self.head)
        return self.known_headers


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

# What a header is to us, by its name.
cdef enum:
    CONTENT_TYPE
    TARGET
    AUTHORIZATION
    ACCEPT_ENCODING
    ORIGIN
    OF_A_KIND
    # The ones before make up a request's kind, in this order.
    DATE
    CONTENT_ENCODING
    LENGTH
    CONNECTION
    SPECIAL
    OTHER

cdef struct Meaning:
    const uint8_t* name
    Py_ssize_t size
    int meaning

cdef tuple MEANT = (
    (b"content-type", CONTENT_TYPE),
    (b"x-amz-target", TARGET),
    (b"authorization", AUTHORIZATION),
    (b"accept-encoding", ACCEPT_ENCODING),
    (b"origin", ORIGIN),
    (b"x-amz-date", DATE),
    (b"content-encoding", CONTENT_ENCODING),
    (b"content-length", LENGTH),
    (b"connection", CONNECTION),
    (b"transfer-encoding", SPECIAL),
    (b"upgrade", SPECIAL),
    (b"expect", SPECIAL),
    (b"trailer", SPECIAL),
    (b"te", SPECIAL),
    (b"http2-settings", SPECIAL),
)
cdef Meaning MEANINGS[MEANINGS_COUNT]


cdef int fill_meanings() except -1:
    cdef bytes name
    assert len(MEANT) == MEANINGS_COUNT
    for place, (name, meaning) in enumerate(MEANT):
        MEANINGS[<Py_ssize_t>place] = Meaning(
            <const uint8_t*>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), meaning
        )
    return 0


fill_meanings()

cdef bytes SIGNATURE = b", Signature="


cdef struct Header:
    const uint8_t* name
    Py_ssize_t name_size
    const uint8_t* value
    Py_ssize_t value_size


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
    cdef uint8_t odd = 0
    for i in range(size):  # without a way out, so that the compiler can take many at a time
        odd |= (text[i] < 0x20) | (text[i] > 0x7e)
    return odd == 0


cdef Py_ssize_t read_line(const uint8_t* at, const uint8_t* end, Header* header) noexcept:
    """Find the parts of one header; return the bytes of its line, 0 when the request is not for us."""
    cdef const uint8_t* line_end = <const uint8_t*>memchr(at, c"\r", end - at)
    cdef const uint8_t* value = at
    if line_end == NULL or end - line_end < 2 or line_end[1] != c"\n":
        return 0
    # The line ends with a byte that no name has: the name cannot lead beyond it.
    while NAME_BYTES[value[0]]:
        value += 1
    header.name = at
    header.name_size = value - at
    if header.name_size == 0 or header.name_size > LONGEST_NAME or value[0] != c":":
        return 0
    value += 1
    while value < line_end and value[0] == c" ":
        value += 1
    header.value = value
    header.value_size = line_end - value
    # Space at the end of a value is the parser's to judge.
    if not is_plain(value, header.value_size) or (value < line_end and (line_end - 1)[0] == c" "):
        return 0
    return line_end + 2 - at


cdef inline bint is_same_name(Header* one, Header* other) noexcept:
    cdef Py_ssize_t i
    if one.name_size != other.name_size:
        return False
    for i in range(one.name_size):
        if NAME_BYTES[one.name[i]] != NAME_BYTES[other.name[i]]:
            return False
    return True


cdef inline int meaning_of(Header* header) noexcept:
    cdef Py_ssize_t i, j
    for i in range(MEANINGS_COUNT):
        if MEANINGS[i].size == header.name_size:
            j = 0
            while j < header.name_size and NAME_BYTES[header.name[j]] == MEANINGS[i].name[j]:
                j += 1
            if j == header.name_size:
                return MEANINGS[i].meaning
    return OTHER


cdef bytes name_of(Header* header):
    cdef uint8_t[LONGEST_NAME] lower
    cdef Py_ssize_t i
    for i in range(header.name_size):
        lower[i] = NAME_BYTES[header.name[i]]
    return PyBytes_FromStringAndSize(<char*>lower, header.name_size)


cdef bytes value_of(Header* header):
    return PyBytes_FromStringAndSize(<const char*>header.value, header.value_size)


cdef dict headers_of(bytes head):
    """The headers of a request that was taken."""
    cdef const uint8_t* at = <const uint8_t*>PyBytes_AS_STRING(head) + PyBytes_GET_SIZE(START)
    cdef const uint8_t* end = <const uint8_t*>PyBytes_AS_STRING(head) + PyBytes_GET_SIZE(head)
    cdef Header header
    cdef Py_ssize_t taken
    cdef dict headers = {}
    while True:
        taken = read_line(at, end, &header)
        if taken == 0:
            return headers
        headers[name_of(&header)] = value_of(&header)
        at += taken


cdef Py_ssize_t size_before_signature(Header* header) noexcept:
    """Of the value of an Authorization header what comes before the signature that it ends with, -1 without one."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(SIGNATURE), end = header.value_size
    while end > 0 and is_alphanumeric(header.value[end - 1]):
        end -= 1
    if end == header.value_size or end < size:
        return -1
    return end - size if memcmp(header.value + end - size, PyBytes_AS_STRING(SIGNATURE), size) == 0 else -1


cdef inline bint is_alphanumeric(uint8_t byte) noexcept:
    return c"0" <= byte <= c"9" or c"a" <= (byte | 0x20) <= c"z"


cdef bytes kind_of(Header** known):
    """See ``Request.kind``, of the headers by their meaning, NULL for one that is not there."""
    cdef char kind[LONGEST_KIND]
    cdef Py_ssize_t size = 0, part
    cdef Header* header
    cdef int meaning
    if known[AUTHORIZATION] == NULL or known[CONTENT_ENCODING] != NULL:
        return None
    if known[DATE] == NULL or known[DATE].value_size == 0:
        return None
    for meaning in range(OF_A_KIND):
        header = known[meaning]
        if header != NULL:
            part = size_before_signature(header) if meaning == AUTHORIZATION else header.value_size
            if part < 0 or size + part + 2 > LONGEST_KIND:
                return None
            # No value has a control character.
            kind[size] = 1
            memcpy(kind + size + 1, header.value, part)
            size += part + 1
        kind[size] = 0
        size += 1
    return PyBytes_FromStringAndSize(kind, size)


def plain_post(bytes data not None, Py_ssize_t most_head, Py_ssize_t most_body):
    cdef const uint8_t* start = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef const uint8_t* end = start + PyBytes_GET_SIZE(data)
    cdef const uint8_t* at = start + PyBytes_GET_SIZE(START)
    cdef Header headers[MOST_HEADERS]
    cdef Header* known[OTHER]
    cdef Header* header
    cdef Py_ssize_t count = 0, length = -1, taken, i
    cdef int meaning
    cdef Request request
    if at >= end or memcmp(start, PyBytes_AS_STRING(START), PyBytes_GET_SIZE(START)) != 0:
        return None
    for i in range(OTHER):
        known[i] = NULL
    while True:
        if end - at < 2:
            return None
        if at[0] == c"\r":
            break
        header = &headers[count]
        taken = 0 if count == MOST_HEADERS else read_line(at, end, header)
        if taken == 0:
            return None
        for i in range(count):
            if is_same_name(&headers[i], header):
                return None
        meaning = meaning_of(header)
        if meaning == SPECIAL:
            return None
        if meaning != OTHER:
            known[meaning] = header
        count += 1
        at += taken
    if known[LENGTH] != NULL:
        length = whole_number(known[LENGTH].value, known[LENGTH].value_size)
        if length < 0:
            return None
    if known[CONNECTION] != NULL and value_of(known[CONNECTION]).lower() != b"keep-alive":
        return None
    if at[1] != c"\n" or at - start > most_head or length > most_body or end - (at + 2) != length:
        return None
    request = Request.__new__(Request)
    request.method = POST
    request.target = ROOT
    request.kind = kind_of(known)
    request.head = data
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
