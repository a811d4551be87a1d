"""Requests of HTTP/1.1 on the wire: the one form that clients of a data service send, read in one go, and answered if
there is a shortcut for it; any other is left alone."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcmp, memcpy

from ddbengine._core.answers cimport AnswerWriter, Frame
from ddbengine._core.shortcuts cimport Shortcut


cdef enum:
    LONGEST_NAME = 64
    LONGEST_KIND = 1024
    MOST_HEADERS = 64
    MEANINGS_COUNT = 15
    MOST_DIGITS = 9
    MOST_KINDS = 1024


@cython.final
cdef class Kind:
    """What heads that ask for the same have in common, and what others know about it."""

    cdef readonly bytes text
    cdef public object route
    cdef public Frame frame
    cdef public Shortcut shortcut


@cython.final
@cython.freelist(16)
cdef class Request:
    """One request, read completely: ``target`` as sent, names of headers in lower case."""

    cdef readonly bytes method
    cdef readonly bytes target
    cdef readonly bytes body
    cdef readonly Kind kind
    cdef readonly object begun
    cdef readonly dict members
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


cdef bytes text_of_kind(Header** known):
    """See ``Kind``, of the headers by their meaning, NULL for one that is not there."""
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


cdef object answer_of(Shortcut shortcut, bytes body):
    """What a shortcut says.  What it raises is met again on the way of all other requests, which knows what to say to
    it."""
    try:
        return shortcut.answer(body)
    except Exception:
        return None


@cython.final
cdef class PostReader:
    cdef Py_ssize_t most_head
    cdef Py_ssize_t most_body
    cdef dict kinds

    def __init__(self, Py_ssize_t most_head, Py_ssize_t most_body):
        self.most_head = most_head
        self.most_body = most_body
        self.kinds = {}

    @property
    def kinds_known(self):
        return len(self.kinds)

    def read(self, bytes data not None):
        return self.read_post(data)

    def take(self, bytes data not None, AnswerWriter writer not None):
        cdef Request request = self.read_post(data)
        cdef Kind kind
        if request is None:
            return None
        kind = request.kind
        if kind is None or kind.shortcut is None or kind.frame is None:
            return request
        answer = answer_of(kind.shortcut, request.body)
        if answer is None:
            return request
        if type(answer) is bytes:
            if PyBytes_GET_SIZE(answer) <= kind.frame.whole_bytes:
                return writer.success(kind.frame, <bytes>answer)
        elif type(answer) is dict:
            request.members = answer
        else:
            request.begun = answer
        return request

    cdef Kind kind_of(self, Header** known):
        cdef bytes text = text_of_kind(known)
        cdef Kind kind
        if text is None:
            return None
        kind = self.kinds.get(text)
        if kind is None:
            if len(self.kinds) >= MOST_KINDS:
                self.kinds.clear()
            kind = self.kinds[text] = Kind.__new__(Kind)
            kind.text = text
        return kind

    cdef Request read_post(self, bytes data):
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
        if at[1] != c"\n" or at - start > self.most_head or length > self.most_body or end - (at + 2) != length:
            return None
        request = Request.__new__(Request)
        request.method = POST
        request.target = ROOT
        request.kind = self.kind_of(known)
        request.head = data
        request.body = PyBytes_FromStringAndSize(<char*>at + 2, length)
        return request
