"""The Cython core: bytes in, bytes out.  Contracts and the stored form of values are in ``_core.pyi``.

Reading foreign bytes follows one rule: a pointer ``at`` is only advanced by ``read_head`` and what builds on it, which
check every step against ``end`` and raise ``CorruptBytes``.  Output grows in an ``Out`` (a stack buffer that moves to
the heap when it is outgrown), which every public function closes on every path.
"""

import hashlib

from cpython.buffer cimport Py_buffer, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Check, PyDict_GetItemWithError, PyDict_Next, PyDict_Size
from cpython.list cimport PyList_Check, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport qsort
from libc.string cimport memchr, memcmp, memcpy, memmove, memset


cdef extern from "Python.h":
    bint PyUnicode_Check(object text)
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const uint8_t* PyUnicode_1BYTE_DATA(object text)
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    object PyUnicode_DecodeUTF8(const char* text, Py_ssize_t size, const char* errors)


# --- what can go wrong -------------------------------------------------------------------------------------------------


class CorruptBytes(Exception):
    """Stored bytes are not what the core writes."""


class JsonTypeFault(Exception):
    """A JSON value has the wrong type for the service model; args[0] is the service's message (FACTS 1.5)."""


class ValueFault(Exception):
    """A value the service refuses: ``kind`` and ``detail`` as ``_core.pyi`` lists them."""

    def __init__(self, kind, detail=None):
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


cdef int corrupt(str why) except -1:
    raise CorruptBytes(why)


# --- kinds of values ---------------------------------------------------------------------------------------------------


cdef enum:
    KIND_S
    KIND_N
    KIND_B
    KIND_BOOL
    KIND_NULL
    KIND_M
    KIND_L
    KIND_SS
    KIND_NS
    KIND_BS
    KIND_UNKNOWN

cdef enum:
    EXT_N = 1
    EXT_SS = 2
    EXT_NS = 3
    EXT_BS = 4

cdef enum:
    # The service stores 32 levels; an update may join a value of 32 levels 32 levels down before it is refused.
    # Readers go deeper than writers, so that whatever was encoded can be joined into an item and still be read.
    DEEPEST_ENCODED = 96
    DEEPEST_READ = 192
    # orjson stops at 1,024 JSON levels, two per attribute value.
    DEEPEST_CHECKED = 2048

cdef tuple KIND_NAMES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")


cdef inline int kind_of_name(object name) noexcept:
    """The kind a wire member's name stands for, KIND_UNKNOWN for anything else."""
    cdef const uint8_t* text
    cdef Py_ssize_t length
    if not PyUnicode_Check(name) or not PyUnicode_IS_ASCII(name):
        return KIND_UNKNOWN
    text = PyUnicode_1BYTE_DATA(name)
    length = PyUnicode_GET_LENGTH(name)
    if length == 1:
        if text[0] == c"S":
            return KIND_S
        if text[0] == c"N":
            return KIND_N
        if text[0] == c"M":
            return KIND_M
        if text[0] == c"L":
            return KIND_L
        if text[0] == c"B":
            return KIND_B
    elif length == 2:
        if text[1] != c"S":
            return KIND_UNKNOWN
        if text[0] == c"S":
            return KIND_SS
        if text[0] == c"N":
            return KIND_NS
        if text[0] == c"B":
            return KIND_BS
    elif length == 4:
        if memcmp(text, b"BOOL", 4) == 0:
            return KIND_BOOL
        if memcmp(text, b"NULL", 4) == 0:
            return KIND_NULL
    return KIND_UNKNOWN


# --- buffers -----------------------------------------------------------------------------------------------------------


cdef struct View:
    # The bytes of a caller's buffer, borrowed until close_view.
    const uint8_t* data
    const uint8_t* end
    bint held
    Py_buffer buffer


cdef inline int open_view(object source, View* view) except -1:
    if PyBytes_CheckExact(source):
        view.held = False
        view.data = <const uint8_t*>PyBytes_AS_STRING(source)
        view.end = view.data + PyBytes_GET_SIZE(source)
        return 0
    PyObject_GetBuffer(source, &view.buffer, PyBUF_SIMPLE)
    view.held = True
    view.data = <const uint8_t*>view.buffer.buf
    view.end = view.data + view.buffer.len
    return 0


cdef inline void close_view(View* view) noexcept:
    if view.held:
        PyBuffer_Release(&view.buffer)


cdef struct Out:
    # Bytes being built.  data is small until it is outgrown, then PyMem memory.
    uint8_t* data
    Py_ssize_t size
    Py_ssize_t capacity
    uint8_t small[1024]


cdef inline void open_out(Out* out) noexcept:
    out.data = out.small
    out.size = 0
    out.capacity = sizeof(out.small)


cdef inline void close_out(Out* out) noexcept:
    if out.data != out.small:
        PyMem_Free(out.data)


cdef int grow_out(Out* out, Py_ssize_t more) except -1:
    cdef Py_ssize_t capacity = out.capacity * 2
    cdef uint8_t* data
    if capacity < out.size + more:
        capacity = out.size + more
    if out.data == out.small:
        data = <uint8_t*>PyMem_Malloc(capacity)
    else:
        data = <uint8_t*>PyMem_Realloc(out.data, capacity)
    if data == NULL:
        raise MemoryError
    if out.data == out.small:
        memcpy(data, out.small, out.size)
    out.data = data
    out.capacity = capacity
    return 0


cdef inline int ensure_room(Out* out, Py_ssize_t more) except -1:
    if out.capacity - out.size < more:
        grow_out(out, more)
    return 0


cdef inline void put_byte(Out* out, uint8_t byte) noexcept:
    """Append one byte; there is room."""
    out.data[out.size] = byte
    out.size += 1


cdef inline void put_bytes(Out* out, const void* source, Py_ssize_t size) noexcept:
    """Append bytes; there is room."""
    memcpy(out.data + out.size, source, size)
    out.size += size


cdef inline int append(Out* out, const void* source, Py_ssize_t size) except -1:
    ensure_room(out, size)
    put_bytes(out, source, size)
    return 0


cdef inline bytes out_bytes(Out* out, Py_ssize_t start=0):
    return PyBytes_FromStringAndSize(<char*>out.data + start, out.size - start)


cdef inline bytes bytes_between(const uint8_t* start, const uint8_t* end):
    return PyBytes_FromStringAndSize(<const char*>start, end - start)


# --- msgpack: reading --------------------------------------------------------------------------------------------------


cdef struct Head:
    # One value's header.  size: bytes of an S, N, B or set payload, entries of an M, elements of an L, 1 for true.
    # body: the payload's first byte, or the first entry of an M or L.
    int kind
    const uint8_t* body
    Py_ssize_t size


cdef inline Py_ssize_t big_endian(const uint8_t* at, int width) noexcept:
    if width == 1:
        return at[0]
    if width == 2:
        return (<Py_ssize_t>at[0] << 8) | at[1]
    return (<Py_ssize_t>at[0] << 24) | (<Py_ssize_t>at[1] << 16) | (<Py_ssize_t>at[2] << 8) | at[3]


cdef int read_long_head(const uint8_t** at, const uint8_t* end, Head* head) except -1:
    """A header whose length follows the first byte."""
    cdef uint8_t first = at[0][0]
    cdef const uint8_t* p = at[0] + 1
    cdef int width, kind, ext = 0
    if first >= 0xc4 and first <= 0xc6:
        kind, width = KIND_B, 1 << (first - 0xc4)
    elif first >= 0xc7 and first <= 0xc9:
        kind, width, ext = KIND_N, 1 << (first - 0xc7), 1
    elif first >= 0xd9 and first <= 0xdb:
        kind, width = KIND_S, 1 << (first - 0xd9)
    elif first == 0xdc or first == 0xdd:
        kind, width = KIND_L, 2 << (first - 0xdc)
    elif first == 0xde or first == 0xdf:
        kind, width = KIND_M, 2 << (first - 0xde)
    else:
        return corrupt("not a type the core writes")
    if end - p < width + ext:
        return corrupt("a header is cut off")
    head.size = big_endian(p, width)
    p += width
    if ext:
        if p[0] < EXT_N or p[0] > EXT_BS:
            return corrupt("unknown extension type")
        kind = KIND_N if p[0] == EXT_N else KIND_SS + (p[0] - EXT_SS)
        p += 1
    head.kind = kind
    head.body = p
    if head.size > (end - p if kind != KIND_M else (end - p) // 2):
        return corrupt("a value is cut off")
    at[0] = p if kind == KIND_L or kind == KIND_M else p + head.size
    return 0


cdef inline int read_head(const uint8_t** at, const uint8_t* end, Head* head) except -1:
    """Read one header.  at moves behind an S, N, B, BOOL, NULL or set, and to the first entry of an M or L."""
    cdef const uint8_t* p = at[0]
    cdef uint8_t first
    if p >= end:
        return corrupt("a value is missing")
    first = p[0]
    if first >= 0x80 and first <= 0xbf:
        p += 1
        head.body = p
        if first >= 0xa0:
            head.kind = KIND_S
            head.size = first & 0x1f
            if head.size > end - p:
                return corrupt("a string is cut off")
            p += head.size
        elif first >= 0x90:
            head.kind = KIND_L
            head.size = first & 0x0f
            if head.size > end - p:
                return corrupt("a list is cut off")
        else:
            head.kind = KIND_M
            head.size = first & 0x0f
            if head.size * 2 > end - p:
                return corrupt("a map is cut off")
        at[0] = p
        return 0
    if first == 0xc7 and end - p >= 3 and p[2] == EXT_N:
        head.kind = KIND_N
        head.body = p + 3
        head.size = p[1]
        if head.size > end - head.body:
            return corrupt("a number is cut off")
        at[0] = head.body + head.size
        return 0
    if first == 0xc0 or first == 0xc2 or first == 0xc3:
        head.kind = KIND_NULL if first == 0xc0 else KIND_BOOL
        head.size = first == 0xc3
        head.body = p + 1
        at[0] = p + 1
        return 0
    return read_long_head(at, end, head)


cdef inline int read_name(const uint8_t** at, const uint8_t* end, Head* name) except -1:
    """The name of a map's entry, an S."""
    read_head(at, end, name)
    if name.kind != KIND_S:
        return corrupt("a map's key is not a string")
    return 0


cdef int skip(const uint8_t** at, const uint8_t* end) except -1:
    """Move behind one whole value."""
    cdef Head head
    cdef Py_ssize_t pending = 1
    while pending:
        pending -= 1
        read_head(at, end, &head)
        if head.kind == KIND_M:
            pending += 2 * head.size
        elif head.kind == KIND_L:
            pending += head.size
    return 0


cdef inline int read_whole(View* view, Head* head) except -1:
    """The header of the one value a buffer holds; of an M or L, only the header is looked at."""
    cdef const uint8_t* at = view.data
    read_head(&at, view.end, head)
    if at != view.end and head.kind != KIND_M and head.kind != KIND_L:
        return corrupt("bytes follow the value")
    return 0


cdef inline int read_container(View* view, int kind, const uint8_t** at, Head* head) except -1:
    """The header of an M or L that a caller says the buffer holds; at moves to its first entry."""
    at[0] = view.data
    read_head(at, view.end, head)
    if head.kind != kind:
        return corrupt("not a " + KIND_NAMES[kind])
    return 0


cdef inline int read_end(const uint8_t* at, const uint8_t* end) except -1:
    if at != end:
        return corrupt("bytes follow the value")
    return 0


cdef inline int read_set(Head* payload, const uint8_t** at, const uint8_t** end, Py_ssize_t* count) except -1:
    """Open a set's payload: at its first member, and how many there are."""
    cdef Head head
    at[0] = payload.body
    end[0] = payload.body + payload.size
    read_head(at, end[0], &head)
    if head.kind != KIND_L:
        return corrupt("a set is not an array")
    count[0] = head.size
    return 0


cdef inline int read_member(const uint8_t** at, const uint8_t* end, int set_kind, Head* member) except -1:
    """The next member of a set, whose kind must fit."""
    read_head(at, end, member)
    if member.kind != set_kind - KIND_SS + KIND_S:
        return corrupt("a member's type is not its set's")
    return 0


# --- msgpack: writing --------------------------------------------------------------------------------------------------


cdef enum:
    LONGEST_HEADER = 6


cdef inline int put_length(uint8_t* to, Py_ssize_t size, int width) noexcept:
    cdef int i
    for i in range(width):
        to[i] = <uint8_t>(size >> (8 * (width - 1 - i)))
    return width


cdef int write_head(uint8_t* to, int kind, Py_ssize_t size) noexcept:
    """Write the shortest header to at most LONGEST_HEADER bytes; return its length.  size as in Head, under 2**32."""
    cdef int width = 1 if size < 0x100 else 2 if size < 0x10000 else 4
    cdef int step = 0 if width == 1 else 1 if width == 2 else 2
    if kind == KIND_S:
        if size < 32:
            to[0] = 0xa0 | <uint8_t>size
            return 1
        to[0] = 0xd9 + step
    elif kind == KIND_B:
        to[0] = 0xc4 + step
    elif kind == KIND_M or kind == KIND_L:
        if size < 16:
            to[0] = (0x80 if kind == KIND_M else 0x90) | <uint8_t>size
            return 1
        width = 2 if size < 0x10000 else 4
        to[0] = (0xde if kind == KIND_M else 0xdc) + (width == 4)
    else:
        to[0] = 0xc7 + step
        to[1 + width] = EXT_N if kind == KIND_N else EXT_SS + (kind - KIND_SS)
        return 2 + put_length(to + 1, size, width)
    return 1 + put_length(to + 1, size, width)


cdef inline int put_head(Out* out, int kind, Py_ssize_t size, Py_ssize_t body) except -1:
    """Append a header and make room for a body of so many bytes."""
    if size > 0xffffffff:
        raise OverflowError("longer than msgpack allows")
    ensure_room(out, body + LONGEST_HEADER)
    out.size += write_head(out.data + out.size, kind, size)
    return 0


cdef inline int put_value(Out* out, int kind, const void* body, Py_ssize_t size) except -1:
    """Append an S, N or B."""
    if kind == KIND_S and size < 32:
        ensure_room(out, size + 1)
        put_byte(out, 0xa0 | <uint8_t>size)
    else:
        put_head(out, kind, size, size)
    put_bytes(out, body, size)
    return 0


cdef int insert_head(Out* out, Py_ssize_t start, int kind, Py_ssize_t count) except -1:
    """Put the header of an M or L, whose count was not known before, in front of the entries from start on."""
    cdef uint8_t head[LONGEST_HEADER]
    cdef int length = write_head(head, kind, count)
    ensure_room(out, length)
    memmove(out.data + start + length, out.data + start, out.size - start)
    memcpy(out.data + start, head, length)
    out.size += length
    return 0


cdef struct Member:
    # A set's member: its sort key, and its encoded form.
    const uint8_t* body
    Py_ssize_t size
    const uint8_t* start
    Py_ssize_t length


cdef inline int compare_bytes(const uint8_t* a, Py_ssize_t a_size, const uint8_t* b, Py_ssize_t b_size) noexcept nogil:
    cdef int order = memcmp(a, b, a_size if a_size < b_size else b_size)
    if order == 0:
        return (a_size > b_size) - (a_size < b_size)
    return 1 if order > 0 else -1


cdef int compare_members(const void* a, const void* b) noexcept nogil:
    cdef const Member* left = <const Member*>a
    cdef const Member* right = <const Member*>b
    return compare_bytes(left.body, left.size, right.body, right.size)


cdef int sort_members(Member* members, Py_ssize_t count) noexcept:
    """Sort; return whether two are the same."""
    cdef Py_ssize_t i
    cdef bint repeats = False, sorted_ = True
    for i in range(1, count):
        if compare_members(&members[i - 1], &members[i]) >= 0:
            sorted_ = False
            break
    if sorted_:
        return False
    qsort(members, count, sizeof(Member), compare_members)
    for i in range(1, count):
        if compare_members(&members[i - 1], &members[i]) == 0:
            repeats = True
            break
    return repeats


cdef int finish_set(Out* out, Py_ssize_t start, int kind, Py_ssize_t count, bint drop_repeats) except -1:
    """Turn the count encoded members from start on into a set value.

    Returns whether members repeated; without drop_repeats the output is then unfinished.
    """
    cdef Member few[16]
    cdef Member* members = few
    cdef int repeats
    if count > 16:
        members = <Member*>PyMem_Malloc(count * sizeof(Member))
        if members == NULL:
            raise MemoryError
    try:
        # Room for the sorted copy first: the members point into the buffer.
        ensure_room(out, out.size - start + 2 * LONGEST_HEADER)
        list_members(out, start, kind, count, members)
        repeats = sort_members(members, count)
        if not repeats or drop_repeats:
            write_members(out, start, kind, count, members)
        return repeats
    finally:
        if members != few:
            PyMem_Free(members)


cdef int list_members(Out* out, Py_ssize_t start, int kind, Py_ssize_t count, Member* members) except -1:
    cdef const uint8_t* at = out.data + start
    cdef const uint8_t* end = out.data + out.size
    cdef Head head
    cdef Py_ssize_t i
    for i in range(count):
        members[i].start = at
        read_member(&at, end, kind, &head)
        members[i].body = head.body
        members[i].size = head.size
        members[i].length = at - members[i].start
    return read_end(at, end)


cdef int write_members(Out* out, Py_ssize_t start, int kind, Py_ssize_t count, Member* members) except -1:
    """Replace what is in the buffer from start on, which the members point into, by the set value."""
    cdef Py_ssize_t i, distinct = count, payload = 0, raw_end = out.size
    cdef uint8_t array_head[LONGEST_HEADER]
    cdef int head
    for i in range(count):
        if i and compare_members(&members[i - 1], &members[i]) == 0:
            members[i].length = 0
            distinct -= 1
        payload += members[i].length
    head = write_head(array_head, KIND_L, distinct)
    payload += head
    if payload > 0xffffffff:
        raise OverflowError("longer than msgpack allows")
    # finish_set made the room: nothing may move the buffer here.
    out.size += write_head(out.data + out.size, kind, payload)
    put_bytes(out, array_head, head)
    for i in range(count):
        put_bytes(out, members[i].start, members[i].length)
    memmove(out.data + start, out.data + raw_end, out.size - raw_end)
    out.size -= raw_end - start
    return 0


# --- numbers -----------------------------------------------------------------------------------------------------------


cdef enum:
    MOST_DIGITS = 38
    MOST_PAIRS = 20
    LONGEST_NUMBER = 22
    HIGHEST_POINT = 126
    LOWEST_POINT = -129
    # "-0." and 129 zeros and 38 digits
    LONGEST_NUMBER_TEXT = 176


cdef struct Decimal:
    # sign * 0.p0 p1 p2 ... * 100**scale, p being pairs of decimal digits 0..99; the first and the last are not 0.
    # Zero has no pairs.
    bint negative
    int count
    int scale
    uint8_t pairs[MOST_PAIRS]


cdef inline int point_of(const Decimal* number) noexcept:
    """Where the decimal point stands after the first significant digit: 1 for 1..9, 0 for 0.1."""
    return 2 * number.scale - (number.pairs[0] < 10)


cdef inline int digits_of(const Decimal* number) noexcept:
    """How many significant digits there are."""
    return 2 * number.count - (number.pairs[0] < 10) - (number.pairs[number.count - 1] % 10 == 0)


cdef int pack_number(const Decimal* number, uint8_t* to) noexcept:
    """Write number bytes (FACTS 5.7); return how many, at most LONGEST_NUMBER."""
    cdef int i
    cdef uint8_t first = <uint8_t>(number.scale - 64)
    if number.count == 0:
        to[0] = 0x80
        return 1
    if not number.negative:
        to[0] = first
        for i in range(number.count):
            to[1 + i] = number.pairs[i] + 1
        return 1 + number.count
    to[0] = ~first
    for i in range(number.count):
        to[1 + i] = 101 - number.pairs[i]
    if number.count == MOST_PAIRS:
        return 1 + number.count
    to[1 + number.count] = 102
    return 2 + number.count


cdef int unpack_number(const uint8_t* number, Py_ssize_t size, Decimal* to) except -1:
    cdef int i, pair
    if size < 1 or size > 1 + MOST_PAIRS:
        return corrupt("number bytes of no legal length")
    to.negative = number[0] < 0x80
    to.count = <int>size - 1
    to.scale = <int>(<uint8_t>~number[0] if to.negative else number[0]) - 192
    if to.count == 0:
        return corrupt("a number without digits") if number[0] != 0x80 else 0
    if to.negative and number[size - 1] == 102:
        to.count -= 1
    elif to.negative and to.count < MOST_PAIRS:
        return corrupt("a negative number without its end")
    for i in range(to.count):
        pair = 101 - number[1 + i] if to.negative else number[1 + i] - 1
        if pair < 0 or pair > 99:
            return corrupt("a number's digit is none")
        to.pairs[i] = <uint8_t>pair
    if to.count == 0 or to.pairs[0] == 0 or to.pairs[to.count - 1] == 0 or digits_of(to) > MOST_DIGITS:
        return corrupt("a number not in its one form")
    return 0


cdef int pack_digits(const uint8_t* digits, int count, int point, bint negative, uint8_t* to) noexcept:
    """Number bytes of 0.d0 d1 d2 ... * 10**point, d0 and the last digit not 0; return how many."""
    cdef Decimal number
    cdef int odd = point & 1
    cdef int i = 0, n = 0
    number.negative = negative
    number.scale = (point + odd) // 2
    if odd and count:
        number.pairs[0] = digits[0]
        i, n = 1, 1
    while i + 1 < count:
        number.pairs[n] = 10 * digits[i] + digits[i + 1]
        n += 1
        i += 2
    if i < count:
        number.pairs[n] = 10 * digits[i]
        n += 1
    number.count = n
    return pack_number(&number, to)


cdef enum:
    NUMBER_FORMAT = -2
    NUMBER_OVERFLOW = -3
    NUMBER_UNDERFLOW = -4
    NUMBER_PRECISION = -5


cdef int scan_exponent(const uint8_t* at, const uint8_t* end, int64_t* exponent) noexcept:
    """The text behind the e; NUMBER_FORMAT when it is no integer or beyond 64 bits.

    What is far out of a number's range is cut down to +-10**15, so that sums with text lengths cannot overflow.
    """
    cdef bint negative = False
    cdef uint64_t value = 0
    cdef uint64_t limit = 0x7fffffffffffffff
    cdef unsigned int digit
    exponent[0] = 0
    if at < end and (at[0] == c"+" or at[0] == c"-"):
        negative = at[0] == c"-"
        at += 1
    if at == end:
        return NUMBER_FORMAT
    limit += negative
    while at < end:
        digit = <unsigned int>at[0] - c"0"
        if digit > 9 or value > (limit - digit) // 10:
            return NUMBER_FORMAT
        value = value * 10 + digit
        at += 1
    if value > 1000000000000000:
        value = 1000000000000000
    exponent[0] = -<int64_t>value if negative else <int64_t>value
    return 0


cdef int scan_number(const uint8_t* at, const uint8_t* end, uint8_t* to) noexcept:
    """Number bytes of a text (FACTS 2.1); return how many, or a negative NUMBER_ code."""
    cdef uint8_t digits[MOST_DIGITS]
    cdef const uint8_t* first = NULL
    cdef const uint8_t* last = NULL
    cdef const uint8_t* dot = NULL
    cdef const uint8_t* start
    cdef bint negative = False
    cdef int64_t exponent = 0, point
    cdef int count = 0
    if at < end and (at[0] == c"-" or at[0] == c"+"):
        negative = at[0] == c"-"
        at += 1
    start = at
    while at < end:
        if c"0" <= at[0] <= c"9":
            if at[0] != c"0":
                last = at
                if first == NULL:
                    first = at
        elif at[0] == c"." and dot == NULL:
            dot = at
        else:
            break
        at += 1
    if at - start - (dot != NULL) == 0:
        return NUMBER_FORMAT
    if first == NULL:
        # Zero's exponent counts from the last digit written, as in Java's BigDecimal: 0e126 is out of range, 0.0e126 in.
        point = 1 if dot == NULL else 2 - (at - dot)
    else:
        if dot == NULL:
            dot = at
        point = dot - first + (dot < first)
    if at < end:
        if (at[0] | 0x20) != c"e" or scan_exponent(at + 1, end, &exponent) < 0:
            return NUMBER_FORMAT
    point += exponent
    if point > HIGHEST_POINT:
        return NUMBER_OVERFLOW
    if point < LOWEST_POINT:
        return NUMBER_UNDERFLOW
    if first == NULL:
        return pack_digits(digits, 0, 0, False, to)
    if last - first - (first < dot < last) >= MOST_DIGITS:
        return NUMBER_PRECISION
    while first <= last:
        if first != dot:
            digits[count] = first[0] - c"0"
            count += 1
        first += 1
    return pack_digits(digits, count, <int>point, negative, to)


cdef Py_ssize_t parse_number(object text, uint8_t* to) except -1:
    """Number bytes of a text, at most LONGEST_NUMBER; return how many.  Raise ValueFault."""
    cdef const uint8_t* start
    cdef Py_ssize_t size = NUMBER_FORMAT
    if not PyUnicode_Check(text):
        raise TypeError("a number's wire form is text")
    if PyUnicode_IS_ASCII(text):
        start = PyUnicode_1BYTE_DATA(text)
        size = scan_number(start, start + PyUnicode_GET_LENGTH(text), to)
    if size > 0:
        return size
    refuse_number(<int>size, text)
    return -1


cdef int refuse_number(int code, object text) except -1:
    if code == NUMBER_OVERFLOW:
        raise ValueFault("number_overflow", text)
    if code == NUMBER_UNDERFLOW:
        raise ValueFault("number_underflow", text)
    if code == NUMBER_PRECISION:
        raise ValueFault("number_precision", text)
    raise ValueFault("number_format", text)


cdef int write_digits(const uint8_t* pairs, int count, int scale, bint negative, char* to) noexcept:
    """Plain decimal text of base-100 digits without zero pairs at the ends; return its length.

    to holds 3 + 2 * count + 2 * |scale| characters.
    """
    cdef int i, digits, point, n = 0, odd
    cdef char text[512]
    if count == 0:
        to[0] = c"0"
        return 1
    for i in range(count):
        text[2 * i] = c"0" + pairs[i] // 10
        text[2 * i + 1] = c"0" + pairs[i] % 10
    odd = pairs[0] < 10
    point = 2 * scale - odd
    digits = 2 * count - odd - (pairs[count - 1] % 10 == 0)
    if negative:
        to[0] = c"-"
        n = 1
    if point <= 0:
        to[n] = c"0"
        to[n + 1] = c"."
        memset(to + n + 2, c"0", -point)
        memcpy(to + n + 2 - point, text + odd, digits)
        return n + 2 - point + digits
    if point >= digits:
        memcpy(to + n, text + odd, digits)
        memset(to + n + digits, c"0", point - digits)
        return n + point
    memcpy(to + n, text + odd, point)
    to[n + point] = c"."
    memcpy(to + n + point + 1, text + odd + point, digits - point)
    return n + digits + 1


cdef inline int write_number_text(const uint8_t* number, Py_ssize_t size, char* to) except -1:
    """Plain decimal text of number bytes, at most LONGEST_NUMBER_TEXT characters; return its length."""
    cdef Decimal decimal
    unpack_number(number, size, &decimal)
    return write_digits(decimal.pairs, decimal.count, decimal.scale, decimal.negative, to)


cdef int number_cost(const uint8_t* number, Py_ssize_t size) except -1:
    """Bytes by DynamoDB's accounting (FACTS 2.6): one, and half a byte per digit, each side of the point rounded up."""
    cdef Decimal decimal
    cdef int digits, point, cost
    unpack_number(number, size, &decimal)
    if decimal.count == 0:
        return 1
    digits = digits_of(&decimal)
    point = point_of(&decimal)
    cost = 1 + decimal.negative
    if point <= 0 or point >= digits:
        return cost + (digits + 1) // 2
    return cost + (point + 1) // 2 + (digits - point + 1) // 2


cdef enum:
    # Base-100 places of a sum: 100**63 down to 100**-84 (the 20th pair of the smallest scale), and a carry.
    SUM_TOP = 64
    SUM_PLACES = 150


cdef inline int add_pairs(int* places, const Decimal* number, int sign) noexcept:
    """Add a number into places, places[i] counting 100**(SUM_TOP - 1 - i)."""
    cdef int i
    for i in range(number.count):
        places[SUM_TOP - number.scale + i] += sign * <int>number.pairs[i]
    return 0


cdef int carry_places(int* places, int first, int last) noexcept:
    """Bring places first..last to 0..99, the first one taking what is carried; return the carry out of it (0 or -1)."""
    cdef int i = last, carry = 0, value
    while i >= first:
        value = places[i] + carry
        carry = -2 if value < -100 else -1 if value < 0 else value // 100
        places[i] = value - 100 * carry
        i -= 1
    return carry


cdef bytes sum_numbers(const Decimal* a, const Decimal* b, bint subtract):
    """The encoded N of a + b or a - b."""
    cdef int places[SUM_PLACES]
    cdef uint8_t pairs[SUM_PLACES]
    cdef uint8_t number[LONGEST_NUMBER + 3]
    cdef int first, last, i
    cdef bint negative = False
    memset(places, 0, sizeof(places))
    add_pairs(places, a, -1 if a.negative else 1)
    add_pairs(places, b, -1 if b.negative != subtract else 1)
    first = SUM_TOP - 1 - (a.scale if a.scale > b.scale else b.scale)
    last = SUM_TOP - a.scale + a.count
    if SUM_TOP - b.scale + b.count > last:
        last = SUM_TOP - b.scale + b.count
    last -= 1
    if carry_places(places, first, last) < 0:
        negative = True
        for i in range(first, last + 1):
            places[i] = -places[i]
        carry_places(places, first, last)
    while first <= last and places[first] == 0:
        first += 1
    while first <= last and places[last] == 0:
        last -= 1
    for i in range(first, last + 1):
        pairs[i - first] = <uint8_t>places[i]
    return pack_sum(pairs, last - first + 1, SUM_TOP - first, negative)


cdef bytes pack_sum(const uint8_t* pairs, int count, int scale, bint negative):
    """The encoded N of a result.

    A result of more than 38 digits overflows: the service answers ``1E50 + 1`` with its overflow message.
    """
    cdef Decimal number
    cdef uint8_t value[LONGEST_NUMBER + 3]
    cdef char text[1024]
    cdef int size
    number.negative = negative
    number.count = 0
    if count:
        size = write_digits(pairs, count, scale, negative, text)
        if 2 * scale - (pairs[0] < 10) < LOWEST_POINT:
            refuse_number(NUMBER_UNDERFLOW, PyUnicode_DecodeUTF8(text, size, NULL))
        number.count = 1 if count > MOST_PAIRS else count
        number.scale = scale
        memcpy(number.pairs, pairs, number.count)
        if count > MOST_PAIRS or digits_of(&number) > MOST_DIGITS or point_of(&number) > HIGHEST_POINT:
            refuse_number(NUMBER_OVERFLOW, PyUnicode_DecodeUTF8(text, size, NULL))
    size = pack_number(&number, value + 3)
    value[0] = 0xc7
    value[1] = <uint8_t>size
    value[2] = EXT_N
    return PyBytes_FromStringAndSize(<char*>value, size + 3)


# --- base64 ------------------------------------------------------------------------------------------------------------


cdef const char* BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
cdef uint8_t[256] BASE64_VALUES


cdef int fill_base64_values() noexcept:
    cdef int i
    memset(BASE64_VALUES, 255, 256)
    for i in range(64):
        BASE64_VALUES[<uint8_t>BASE64[i]] = <uint8_t>i
    return 0


fill_base64_values()


cdef Py_ssize_t decode_base64(object text, uint8_t* to) except -1:
    """Decode (to NULL: only check) text of length 4n to at most 3n bytes; return how many.  Raise JsonTypeFault."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    cdef const uint8_t* at
    cdef Py_ssize_t i, size = 0, pad = 0
    cdef uint32_t quantum
    cdef uint8_t a, b, c, d
    if length % 4:
        raise JsonTypeFault(f"Base64 encoded length is expected a multiple of 4 bytes but found: {length}")
    if not PyUnicode_IS_ASCII(text):
        return refuse_base64(text, length)
    if length == 0:
        return 0
    at = PyUnicode_1BYTE_DATA(text)
    if at[length - 1] == c"=":
        pad = 2 if at[length - 2] == c"=" else 1
    for i in range(0, length - 3, 4):
        a = BASE64_VALUES[at[i]]
        b = BASE64_VALUES[at[i + 1]]
        c = BASE64_VALUES[at[i + 2]]
        d = BASE64_VALUES[at[i + 3]]
        if i + 4 == length:
            c = 0 if pad == 2 else c
            d = 0 if pad else d
        if (a | b | c | d) & 0x80:
            return refuse_base64(text, length - pad)
        quantum = (<uint32_t>a << 18) | (<uint32_t>b << 12) | (<uint32_t>c << 6) | d
        if to != NULL:
            to[size] = <uint8_t>(quantum >> 16)
            to[size + 1] = <uint8_t>(quantum >> 8)
            to[size + 2] = <uint8_t>quantum
        size += 3
    if (pad == 1 and quantum & 0xff) or (pad == 2 and quantum & 0xffff):
        raise JsonTypeFault("Invalid last non-pad Base64 character dectected")
    return size - pad


cdef int refuse_base64(object text, Py_ssize_t length) except -1:
    """Name the first character that is none of base64."""
    cdef Py_ssize_t i
    for i in range(length):
        letter = text[i]
        if ord(letter) > 127 or BASE64_VALUES[<uint8_t>ord(letter)] == 255:
            raise JsonTypeFault(f"Invalid base 64 character: '{letter}'")
    raise JsonTypeFault("Invalid last non-pad Base64 character dectected")


cdef int put_base64(Out* out, const uint8_t* source, Py_ssize_t size) except -1:
    cdef Py_ssize_t i
    cdef uint32_t quantum
    cdef uint8_t* to
    ensure_room(out, (size + 2) // 3 * 4)
    to = out.data + out.size
    for i in range(0, size - 2, 3):
        quantum = (<uint32_t>source[i] << 16) | (<uint32_t>source[i + 1] << 8) | source[i + 2]
        to[0] = BASE64[quantum >> 18]
        to[1] = BASE64[(quantum >> 12) & 63]
        to[2] = BASE64[(quantum >> 6) & 63]
        to[3] = BASE64[quantum & 63]
        to += 4
    i = size % 3
    if i:
        quantum = <uint32_t>source[size - i] << 16
        if i == 2:
            quantum |= <uint32_t>source[size - 1] << 8
        to[0] = BASE64[quantum >> 18]
        to[1] = BASE64[(quantum >> 12) & 63]
        to[2] = BASE64[(quantum >> 6) & 63] if i == 2 else c"="
        to[3] = c"="
    out.size += (size + 2) // 3 * 4
    return 0


# --- from the wire: JSON types -----------------------------------------------------------------------------------------


cdef str ATTRIBUTE_VALUE = "com.amazonaws.dynamodb.v20120810.AttributeValue"


cdef int refuse_scalar(object value, str java_type) except -1:
    """Word what is wrong with a value that is no scalar of this type (FACTS 1.5)."""
    if value is True:
        raise JsonTypeFault(f"TRUE_VALUE cannot be converted to {java_type}")
    if value is False:
        raise JsonTypeFault(f"FALSE_VALUE cannot be converted to {java_type}")
    if isinstance(value, int):
        raise JsonTypeFault(f"NUMBER_VALUE cannot be converted to {java_type}")
    if isinstance(value, float):
        raise JsonTypeFault(f"DECIMAL_VALUE cannot be converted to {java_type}")
    if isinstance(value, list):
        raise JsonTypeFault(f"Unrecognized collection type class java.lang.{java_type}")
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise TypeError(f"not a JSON value: {type(value).__name__}")


cdef object as_boolean(object value):
    if isinstance(value, str):
        lower = value.lower()
        if lower in ("true", "1", "yes"):
            return True
        if lower in ("false", "0", "no"):
            return False
        raise JsonTypeFault("Unexpected token received from parser")
    refuse_scalar(value, "Boolean")


cdef int check_blob(object value) except -1:
    if PyUnicode_Check(value):
        decode_base64(value, NULL)
        return 0
    if isinstance(value, list):
        raise JsonTypeFault("Unrecognized collection type class java.nio.ByteBuffer")
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise JsonTypeFault("only base-64-encoded strings are convertible to bytes")


cdef int require_list(object value) except -1:
    if PyList_Check(value):
        return 0
    if isinstance(value, dict):
        raise JsonTypeFault("Start of structure or map found where not expected")
    raise JsonTypeFault("Unexpected field type")


cdef object check_set(object value, int kind):
    """The list of a set; null members are dropped."""
    cdef bint nulls = False
    require_list(value)
    for member in <list>value:
        if member is None:
            nulls = True
        elif kind == KIND_BS:
            check_blob(member)
        elif not PyUnicode_Check(member):
            refuse_scalar(member, "String")
    return [member for member in <list>value if member is not None] if nulls else value


cdef object check_list(object value, int depth):
    cdef Py_ssize_t i
    cdef list copy = None
    require_list(value)
    for i in range(PyList_GET_SIZE(value)):
        element = <object>PyList_GET_ITEM(value, i)
        checked = check_attribute(element, depth)
        if checked is not element:
            if copy is None:
                copy = list(value)
            copy[i] = checked
    return value if copy is None else copy


cdef object check_map(object value, int depth):
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* member
    cdef dict copy = None
    if not PyDict_Check(value):
        if isinstance(value, list):
            raise JsonTypeFault(f"Unrecognized collection type java.util.Map<java.lang.String, {ATTRIBUTE_VALUE}>")
        raise JsonTypeFault("Unexpected field type")
    while PyDict_Next(value, &position, &name, &member):
        checked = check_attribute(<object>member, depth)
        if checked is not <object>member:
            if copy is None:
                copy = dict(value)
            copy[<object>name] = checked
    return value if copy is None else copy


cdef object check_attribute(object value, int depth):
    """An AttributeValue as the element of a list or map.  Null is taken for an empty one, which is refused later."""
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* member
    cdef int kind
    cdef dict copy = None
    if not PyDict_Check(value):
        if value is None:
            return {}
        if isinstance(value, list):
            raise JsonTypeFault(f"Unrecognized collection type class {ATTRIBUTE_VALUE}")
        raise JsonTypeFault("Unexpected value type in payload")
    if depth > DEEPEST_CHECKED:
        raise RecursionError("a value nested deeper than JSON can be")
    while PyDict_Next(value, &position, &name, &member):
        kind = kind_of_name(<object>name)
        if (kind == KIND_S or kind == KIND_N) and PyUnicode_Check(<object>member):
            continue
        if kind == KIND_UNKNOWN or <object>member is None:
            if copy is None:
                copy = dict(value)
            del copy[<object>name]
            continue
        checked = check_member(kind, <object>member, depth)
        if checked is not <object>member:
            if copy is None:
                copy = dict(value)
            copy[<object>name] = checked
    return value if copy is None else copy


cdef object check_member(int kind, object member, int depth):
    """One member of an AttributeValue, not null."""
    if kind == KIND_M:
        return check_map(member, depth + 1)
    if kind == KIND_L:
        return check_list(member, depth + 1)
    if kind == KIND_BOOL or kind == KIND_NULL:
        return member if member is True or member is False else as_boolean(member)
    if kind >= KIND_SS:
        return check_set(member, kind)
    if kind == KIND_B:
        check_blob(member)
    elif not PyUnicode_Check(member):
        refuse_scalar(member, "String")
    return member


# --- from the wire: encoding -------------------------------------------------------------------------------------------


cdef struct Encoding:
    Out out
    int deepest
    # An empty name inside a map is reported last: excessive depth and wrong values are found before it.
    bint inner_empty_name


cdef Py_ssize_t encode_attribute(Encoding* to, object value, int depth) except -1:
    """Append a wire value; return its size by DynamoDB's accounting (FACTS 2.6), without a name."""
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* member
    if depth > to.deepest:
        raise ValueFault("nesting")
    if not PyDict_Check(value):
        raise TypeError("a wire value is a dict")
    if PyDict_Size(value) == 1:
        PyDict_Next(value, &position, &name, &member)
        return encode_member(to, kind_of_name(<object>name), <object>member, depth)
    if PyDict_Size(value) == 0:
        raise ValueFault("no_type")
    while PyDict_Next(value, &position, &name, &member):
        encode_member(to, kind_of_name(<object>name), <object>member, depth)
    raise ValueFault("many_types")


cdef Py_ssize_t encode_member(Encoding* to, int kind, object member, int depth) except -1:
    cdef uint8_t number[LONGEST_NUMBER]
    cdef const char* text
    cdef Py_ssize_t size
    if kind == KIND_S:
        text = PyUnicode_AsUTF8AndSize(member, &size)
        put_value(&to.out, KIND_S, text, size)
        return size
    if kind == KIND_N:
        size = parse_number(member, number)
        put_value(&to.out, KIND_N, number, size)
        return number_cost(number, size)
    if kind == KIND_M:
        return encode_map(to, member, depth)
    if kind == KIND_L:
        return encode_list(to, member, depth)
    if kind == KIND_BOOL or kind == KIND_NULL:
        return encode_constant(to, kind, member)
    if kind == KIND_B:
        return encode_blob(to, member)
    if kind == KIND_UNKNOWN:
        raise TypeError("not a checked wire value")
    return encode_set(to, kind, member)


cdef Py_ssize_t encode_constant(Encoding* to, int kind, object member) except -1:
    ensure_room(&to.out, 1)
    if kind == KIND_NULL:
        if member is not True:
            raise ValueFault("null_false")
        put_byte(&to.out, 0xc0)
    else:
        put_byte(&to.out, 0xc3 if member else 0xc2)
    return 1


cdef Py_ssize_t encode_blob(Encoding* to, object member) except -1:
    cdef Py_ssize_t size, start = to.out.size
    cdef uint8_t head[LONGEST_HEADER]
    cdef int length
    if not PyUnicode_Check(member):
        raise TypeError("binary is base64 text on the wire")
    size = PyUnicode_GET_LENGTH(member) // 4 * 3
    ensure_room(&to.out, size + LONGEST_HEADER)
    size = decode_base64(member, to.out.data + start + LONGEST_HEADER)
    if size > 0xffffffff:
        raise OverflowError("longer than msgpack allows")
    length = write_head(head, KIND_B, size)
    memcpy(to.out.data + start, head, length)
    memmove(to.out.data + start + length, to.out.data + start + LONGEST_HEADER, size)
    to.out.size += length + size
    return size


cdef Py_ssize_t encode_list(Encoding* to, object member, int depth) except -1:
    cdef Py_ssize_t i, size = 3, count
    if not PyList_Check(member):
        raise TypeError("a list is a list on the wire")
    count = PyList_GET_SIZE(member)
    put_head(&to.out, KIND_L, count, 0)
    for i in range(count):
        size += 1 + encode_attribute(to, <object>PyList_GET_ITEM(member, i), depth + 1)
    return size


cdef Py_ssize_t encode_map(Encoding* to, object member, int depth) except -1:
    if not PyDict_Check(member):
        raise TypeError("a map is a dict on the wire")
    return 3 + PyDict_Size(member) + encode_entries(to, member, depth + 1)


cdef Py_ssize_t encode_entries(Encoding* to, object entries, int depth) except -1:
    """Append an M of wire values that are at this depth; return the size of names and values."""
    cdef Py_ssize_t position = 0, size = 0, name_size
    cdef PyObject* name
    cdef PyObject* value
    cdef const char* text
    put_head(&to.out, KIND_M, PyDict_Size(entries), 0)
    while PyDict_Next(entries, &position, &name, &value):
        text = PyUnicode_AsUTF8AndSize(<object>name, &name_size)
        if name_size == 0:
            if depth == 1:
                raise ValueFault("empty_name")
            to.inner_empty_name = True
        put_value(&to.out, KIND_S, text, name_size)
        size += name_size + encode_attribute(to, <object>value, depth)
    return size


cdef Py_ssize_t encode_set(Encoding* to, int kind, object members) except -1:
    cdef Py_ssize_t start = to.out.size, size = 0
    if not PyList_Check(members):
        raise TypeError("a set is a list on the wire")
    for member in <list>members:
        size += encode_member(to, kind - KIND_SS + KIND_S, member, 0)
    if PyList_GET_SIZE(members) == 0:
        raise ValueFault(KIND_NAMES[kind] + "_empty")
    if finish_set(&to.out, start, kind, PyList_GET_SIZE(members), False):
        raise ValueFault(KIND_NAMES[kind] + "_duplicates", None if kind == KIND_NS else list(members))
    return size


# --- to the wire -------------------------------------------------------------------------------------------------------


cdef enum:
    NEEDS_ESCAPE = 1
    NOT_ASCII = 2


cdef inline int examine_text(const uint8_t* text, Py_ssize_t size) noexcept:
    """Whether JSON may have to escape something in a text (false alarms are possible), and whether it is all ASCII."""
    cdef uint64_t word, odd = 0, high = 0
    cdef uint8_t byte
    cdef Py_ssize_t i = 0
    while size - i >= 8:
        memcpy(&word, text + i, 8)
        high |= word
        odd |= (word - <uint64_t>0x2020202020202020) & ~word
        odd |= ((word ^ <uint64_t>0x2222222222222222) - <uint64_t>0x0101010101010101) & ~(word ^ <uint64_t>0x2222222222222222)
        odd |= ((word ^ <uint64_t>0x5c5c5c5c5c5c5c5c) - <uint64_t>0x0101010101010101) & ~(word ^ <uint64_t>0x5c5c5c5c5c5c5c5c)
        i += 8
    while i < size:
        byte = text[i]
        high |= byte
        odd |= 0x80 if byte < 0x20 or byte == c'"' or byte == c"\\" else 0
        i += 1
    return (NEEDS_ESCAPE if odd & <uint64_t>0x8080808080808080 else 0) | (
        NOT_ASCII if high & <uint64_t>0x8080808080808080 else 0
    )


cdef bint is_utf8(const uint8_t* at, const uint8_t* end) noexcept:
    """Whether bytes are UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF."""
    cdef uint8_t lead
    cdef int more, i
    while at < end:
        lead = at[0]
        at += 1
        if lead < 0x80:
            continue
        if lead < 0xc2 or lead > 0xf4:
            return False
        more = 1 if lead < 0xe0 else 2 if lead < 0xf0 else 3
        if end - at < more:
            return False
        if (
            (lead == 0xe0 and at[0] < 0xa0)
            or (lead == 0xed and at[0] > 0x9f)
            or (lead == 0xf0 and at[0] < 0x90)
            or (lead == 0xf4 and at[0] > 0x8f)
        ):
            return False
        for i in range(more):
            if at[i] & 0xc0 != 0x80:
                return False
        at += more
    return True


cdef const char* HEX = "0123456789abcdef"


cdef int put_escaped(Out* out, const uint8_t* text, Py_ssize_t size) except -1:
    """The inside of a JSON string, escaped where JSON demands it."""
    cdef Py_ssize_t i
    cdef uint8_t byte, short_form
    ensure_room(out, 6 * size + 2)
    for i in range(size):
        byte = text[i]
        if byte >= 0x20 and byte != c'"' and byte != c"\\":
            put_byte(out, byte)
            continue
        put_byte(out, c"\\")
        if byte == c'"' or byte == c"\\":
            short_form = byte
        elif byte == c"\n":
            short_form = c"n"
        elif byte == c"\t":
            short_form = c"t"
        elif byte == c"\r":
            short_form = c"r"
        elif byte == 8:
            short_form = c"b"
        elif byte == 12:
            short_form = c"f"
        else:
            put_bytes(out, b"u00", 3)
            put_byte(out, HEX[byte >> 4])
            short_form = HEX[byte & 15]
        put_byte(out, short_form)
    return 0


cdef inline int put_json_string(Out* out, const uint8_t* text, Py_ssize_t size) except -1:
    """A JSON string; there is room for 8 bytes more behind it."""
    cdef int found = examine_text(text, size)
    if found & NOT_ASCII and not is_utf8(text, text + size):
        return corrupt("a string is not UTF-8")
    ensure_room(out, size + 10)
    put_byte(out, c'"')
    if found & NEEDS_ESCAPE:
        put_escaped(out, text, size)
        ensure_room(out, 9)
    else:
        put_bytes(out, text, size)
    put_byte(out, c'"')
    return 0


cdef int put_scalar(Out* out, Head* head) except -1:
    """The JSON of an S, N or B without its type: a string."""
    if head.kind == KIND_S:
        return put_json_string(out, head.body, head.size)
    if head.kind == KIND_N:
        ensure_room(out, LONGEST_NUMBER_TEXT + 10)
        put_byte(out, c'"')
        out.size += write_number_text(head.body, head.size, <char*>out.data + out.size)
    else:
        ensure_room(out, 1)
        put_byte(out, c'"')
        put_base64(out, head.body, head.size)
        ensure_room(out, 9)
    put_byte(out, c'"')
    return 0


cdef int put_wire(Out* out, const uint8_t** at, const uint8_t* end, int depth) except -1:
    """The DynamoDB JSON of the next value; there is room for 4 bytes more behind it."""
    cdef Head head
    read_head(at, end, &head)
    ensure_room(out, 24)
    if head.kind == KIND_S:
        put_bytes(out, b'{"S":', 5)
        put_json_string(out, head.body, head.size)
    elif head.kind == KIND_N:
        put_bytes(out, b'{"N":', 5)
        put_scalar(out, &head)
    elif head.kind == KIND_B:
        put_bytes(out, b'{"B":', 5)
        put_scalar(out, &head)
    elif head.kind == KIND_BOOL:
        put_bytes(out, b'{"BOOL":', 8)
        put_bytes(out, b"true" if head.size else b"fals", 4)
        if not head.size:
            put_byte(out, c"e")
    elif head.kind == KIND_NULL:
        put_bytes(out, b'{"NULL":true', 12)
    elif head.kind == KIND_M:
        put_bytes(out, b'{"M":', 5)
        put_wire_entries(out, at, end, head.size, depth)
    elif head.kind == KIND_L:
        put_bytes(out, b'{"L":', 5)
        put_wire_elements(out, at, end, head.size, depth)
    else:
        put_wire_set(out, &head)
    put_byte(out, c"}")
    return 0


cdef int put_wire_entries(Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, int depth) except -1:
    """The JSON object of an M's entries; there is room for 8 bytes before and behind it."""
    cdef Head name
    cdef Py_ssize_t i
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    put_byte(out, c"{")
    for i in range(count):
        if i:
            put_byte(out, c",")
        read_name(at, end, &name)
        put_json_string(out, name.body, name.size)
        put_byte(out, c":")
        put_wire(out, at, end, depth + 1)
    ensure_room(out, 9)
    put_byte(out, c"}")
    return 0


cdef int put_wire_elements(Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, int depth) except -1:
    cdef Py_ssize_t i
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    put_byte(out, c"[")
    for i in range(count):
        if i:
            put_byte(out, c",")
        put_wire(out, at, end, depth + 1)
    ensure_room(out, 9)
    put_byte(out, c"]")
    return 0


cdef int put_wire_set(Out* out, Head* head) except -1:
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef Py_ssize_t i, count
    cdef Head member
    put_bytes(out, b'{"', 2)
    put_byte(out, b"SNB"[head.kind - KIND_SS])
    put_bytes(out, b'S":[', 4)
    read_set(head, &at, &end, &count)
    for i in range(count):
        if i:
            put_byte(out, c",")
        read_member(&at, end, head.kind, &member)
        put_scalar(out, &member)
    put_byte(out, c"]")
    return read_end(at, end)


cdef inline int put_wire_item(Out* out, View* view) except -1:
    cdef const uint8_t* at
    cdef Head head
    read_container(view, KIND_M, &at, &head)
    ensure_room(out, 16)
    put_wire_entries(out, &at, view.end, head.size, 0)
    return read_end(at, view.end)


# --- comparing ---------------------------------------------------------------------------------------------------------


cdef struct Entry:
    # An entry of an M: its name and where its value starts.
    const uint8_t* name
    Py_ssize_t size
    const uint8_t* value


cdef int compare_entries(const void* a, const void* b) noexcept nogil:
    cdef const Entry* left = <const Entry*>a
    cdef const Entry* right = <const Entry*>b
    return compare_bytes(left.name, left.size, right.name, right.size)


cdef int equal_values(
    const uint8_t** a, const uint8_t* a_end, const uint8_t** b, const uint8_t* b_end, int depth
) except -1:
    """Whether the next two values are equal; both are passed by when they are."""
    cdef Head left, right
    cdef Py_ssize_t i
    read_head(a, a_end, &left)
    read_head(b, b_end, &right)
    if left.kind != right.kind or left.size != right.size:
        return False
    if left.kind == KIND_NULL or left.kind == KIND_BOOL:
        return True
    if left.kind != KIND_M and left.kind != KIND_L:
        return memcmp(left.body, right.body, left.size) == 0
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    if left.kind == KIND_M:
        return equal_maps(a, a_end, b, b_end, left.size, depth)
    for i in range(left.size):
        if not equal_values(a, a_end, b, b_end, depth + 1):
            return False
    return True


cdef int equal_maps(
    const uint8_t** a, const uint8_t* a_end, const uint8_t** b, const uint8_t* b_end, Py_ssize_t count, int depth
) except -1:
    """Whether two maps of count entries hold the same, in any order: the entries of both are sorted by name."""
    cdef Entry few[32]
    cdef Entry* entries = few
    cdef const uint8_t* left
    cdef const uint8_t* right
    cdef Py_ssize_t i
    if 2 * count > 32:
        entries = <Entry*>PyMem_Malloc(2 * count * sizeof(Entry))
        if entries == NULL:
            raise MemoryError
    try:
        list_entries(a, a_end, count, entries)
        list_entries(b, b_end, count, entries + count)
        for i in range(count):
            if compare_entries(&entries[i], &entries[count + i]) != 0:
                return False
            left = entries[i].value
            right = entries[count + i].value
            if not equal_values(&left, a_end, &right, b_end, depth + 1):
                return False
        return True
    finally:
        if entries != few:
            PyMem_Free(entries)


cdef int list_entries(const uint8_t** at, const uint8_t* end, Py_ssize_t count, Entry* entries) except -1:
    """Pass a map's entries by, noting them sorted by name."""
    cdef Head name
    cdef Py_ssize_t i
    cdef bint in_order = True
    for i in range(count):
        read_name(at, end, &name)
        entries[i].name = name.body
        entries[i].size = name.size
        entries[i].value = at[0]
        skip(at, end)
        if i and compare_entries(&entries[i - 1], &entries[i]) > 0:
            in_order = False
    if not in_order:
        qsort(entries, count, sizeof(Entry), compare_entries)
    return 0


cdef bint find_bytes(const uint8_t* text, Py_ssize_t size, const uint8_t* needle, Py_ssize_t needle_size):
    """Whether a text contains a needle, in linear time: short needles here, long ones by Python's two-way search."""
    cdef const uint8_t* last = text + size - needle_size
    if needle_size == 0:
        return True
    if needle_size > size:
        return False
    if needle_size > 8:
        return bytes_between(needle, needle + needle_size) in bytes_between(text, text + size)
    while text <= last:
        text = <const uint8_t*>memchr(text, needle[0], last - text + 1)
        if text == NULL:
            return False
        if memcmp(text, needle, needle_size) == 0:
            return True
        text += 1
    return False


cdef int set_contains(Head* payload, Head* operand) except -1:
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef Py_ssize_t i, count
    cdef Head member
    read_set(payload, &at, &end, &count)
    for i in range(count):
        read_member(&at, end, payload.kind, &member)
        if member.size == operand.size and memcmp(member.body, operand.body, operand.size) == 0:
            return True
    return False


# --- measuring ---------------------------------------------------------------------------------------------------------


cdef Py_ssize_t measure(const uint8_t** at, const uint8_t* end, int depth) except -1:
    """Size of the next value by DynamoDB's accounting (FACTS 2.6)."""
    cdef Head head
    cdef Py_ssize_t i, size = 3
    read_head(at, end, &head)
    if head.kind == KIND_S or head.kind == KIND_B:
        return head.size
    if head.kind == KIND_N:
        return number_cost(head.body, head.size)
    if head.kind == KIND_BOOL or head.kind == KIND_NULL:
        return 1
    if head.kind >= KIND_SS:
        return measure_set(&head)
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    if head.kind == KIND_M:
        return 3 + head.size + measure_entries(at, end, head.size, depth)
    for i in range(head.size):
        size += 1 + measure(at, end, depth + 1)
    return size


cdef Py_ssize_t measure_entries(const uint8_t** at, const uint8_t* end, Py_ssize_t count, int depth) except -1:
    cdef Head name
    cdef Py_ssize_t i, size = 0
    for i in range(count):
        read_name(at, end, &name)
        size += name.size + measure(at, end, depth + 1)
    return size


cdef Py_ssize_t measure_set(Head* payload) except -1:
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef Py_ssize_t i, count, size = 0
    cdef Head member
    read_set(payload, &at, &end, &count)
    for i in range(count):
        read_member(&at, end, payload.kind, &member)
        size += number_cost(member.body, member.size) if payload.kind == KIND_NS else member.size
    read_end(at, end)
    return size


cdef Py_ssize_t measure_depth(const uint8_t** at, const uint8_t* end, int depth) except -1:
    cdef Head head
    cdef Py_ssize_t i, inner, deepest = 0
    read_head(at, end, &head)
    if head.kind != KIND_M and head.kind != KIND_L:
        return 1
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    for i in range(head.size):
        if head.kind == KIND_M:
            skip(at, end)
        inner = measure_depth(at, end, depth + 1)
        if inner > deepest:
            deepest = inner
    return deepest + 1


# --- cutting out -------------------------------------------------------------------------------------------------------


cdef int find_entry(
    const uint8_t** at, const uint8_t* end, Py_ssize_t count, const char* name, Py_ssize_t size
) except -1:
    """Move to the value of an M's entry; False, and anywhere, when there is none of that name."""
    cdef Head head
    cdef Py_ssize_t i
    for i in range(count):
        read_name(at, end, &head)
        if head.size == size and memcmp(head.body, name, size) == 0:
            return True
        skip(at, end)
    return False


cdef int step_into(const uint8_t** at, const uint8_t* end, object step) except -1:
    """Move from a value to the one a path element names in it; False when there is none."""
    cdef Head head
    cdef Py_ssize_t i, index, size
    cdef const char* name
    read_head(at, end, &head)
    if isinstance(step, str):
        if head.kind != KIND_M:
            return False
        name = PyUnicode_AsUTF8AndSize(step, &size)
        return find_entry(at, end, head.size, name, size)
    if head.kind != KIND_L or step < 0 or step >= head.size:
        return False
    index = step
    for i in range(index):
        skip(at, end)
    return True


cdef struct Branch:
    # A name that a projection keeps, and what of its value: a borrowed Tree, or NULL for all of it.
    const char* name
    Py_ssize_t size
    PyObject* tree


cdef int keep_value(Out* out, const uint8_t** at, const uint8_t* end, PyObject* tree, int depth) except -1:
    """Append what a Tree keeps of the next value, passing it by; False when that is nothing."""
    cdef const uint8_t* start = at[0]
    cdef Head head
    if tree == NULL or <object>tree is None:
        skip(at, end)
        append(out, start, at[0] - start)
        return True
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    read_head(at, end, &head)
    if head.kind == KIND_M:
        return keep_of_map(out, at, end, head.size, <object>tree, depth)
    if head.kind == KIND_L:
        return keep_of_list(out, at, end, head.size, <object>tree, depth)
    return False


cdef int keep_of_list(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, object tree, int depth
) except -1:
    cdef Py_ssize_t i, kept = 0, start = out.size
    cdef PyObject* branch
    cdef dict branches = tree if isinstance(tree, dict) else dict(tree)
    for i in range(count):
        branch = PyDict_GetItemWithError(branches, i)
        if branch == NULL:
            skip(at, end)
        else:
            kept += keep_value(out, at, end, branch, depth + 1)
    if kept:
        insert_head(out, start, KIND_L, kept)
    return kept != 0


cdef int keep_of_map(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, object tree, int depth
) except -1:
    cdef Branch few[16]
    cdef Branch* branches = few
    cdef Py_ssize_t kept, position = 0, n = 0, start = out.size
    cdef PyObject* name
    cdef PyObject* branch
    cdef dict names = tree if isinstance(tree, dict) else dict(tree)
    if len(names) > 16:
        branches = <Branch*>PyMem_Malloc(len(names) * sizeof(Branch))
        if branches == NULL:
            raise MemoryError
    try:
        while PyDict_Next(names, &position, &name, &branch):
            if isinstance(<object>name, str):
                branches[n].name = PyUnicode_AsUTF8AndSize(<object>name, &branches[n].size)
                branches[n].tree = branch
                n += 1
        kept = keep_entries(out, at, end, count, branches, n, depth)
        if kept or depth == 0:
            insert_head(out, start, KIND_M, kept)
        return kept != 0
    finally:
        if branches != few:
            PyMem_Free(branches)


cdef Py_ssize_t keep_entries(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, Branch* branches, Py_ssize_t n, int depth
) except -1:
    """Append the entries of an M that branches name, cut down; return how many."""
    cdef Py_ssize_t i, j, kept = 0, start
    cdef const uint8_t* entry
    cdef Head name
    for i in range(count):
        entry = at[0]
        read_name(at, end, &name)
        j = 0
        while j < n and (branches[j].size != name.size or memcmp(branches[j].name, name.body, name.size) != 0):
            j += 1
        if j == n:
            skip(at, end)
            continue
        start = out.size
        append(out, entry, at[0] - entry)
        if keep_value(out, at, end, branches[j].tree, depth + 1):
            kept += 1
        else:
            out.size = start
    return kept


# --- public: from the wire ---------------------------------------------------------------------------------------------


def check_value(value):
    return check_attribute(value, 0)


def check_item(item):
    return check_map(item, 0)


def encode_value(value, int max_depth=32):
    cdef Encoding to
    start_encoding(&to, max_depth)
    try:
        encode_attribute(&to, value, 1)
        return finish_encoding(&to)
    finally:
        close_out(&to.out)


def encode_item(item, int max_depth=32):
    cdef Encoding to
    cdef Py_ssize_t size
    if not PyDict_Check(item):
        raise TypeError("a wire item is a dict")
    start_encoding(&to, max_depth)
    try:
        size = encode_entries(&to, item, 1)
        return finish_encoding(&to), size
    except ValueFault:
        # The service looks at the item's own names before any value.
        if "" in item:
            raise ValueFault("empty_name") from None
        raise
    finally:
        close_out(&to.out)


cdef inline void start_encoding(Encoding* to, int max_depth) noexcept:
    open_out(&to.out)
    to.deepest = max_depth if max_depth < DEEPEST_ENCODED else DEEPEST_ENCODED
    to.inner_empty_name = False


cdef inline bytes finish_encoding(Encoding* to):
    if to.inner_empty_name:
        raise ValueFault("empty_name")
    return out_bytes(&to.out)


# --- public: to the wire -----------------------------------------------------------------------------------------------


def value_to_wire(value):
    cdef View view
    cdef Out out
    cdef const uint8_t* at
    open_view(value, &view)
    open_out(&out)
    try:
        at = view.data
        put_wire(&out, &at, view.end, 0)
        read_end(at, view.end)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


def item_to_wire(item):
    cdef View view
    cdef Out out
    open_view(item, &view)
    open_out(&out)
    try:
        put_wire_item(&out, &view)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


def items_to_wire(items):
    cdef View view
    cdef Out out
    cdef bint first = True
    open_out(&out)
    try:
        append(&out, b"[", 1)
        for item in items:
            if not first:
                append(&out, b",", 1)
            first = False
            open_view(item, &view)
            try:
                put_wire_item(&out, &view)
            finally:
                close_view(&view)
        append(&out, b"]", 1)
        return out_bytes(&out)
    finally:
        close_out(&out)


# --- public: looking into values ---------------------------------------------------------------------------------------


def type_of(value):
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        return KIND_NAMES[head.kind]
    finally:
        close_view(&view)


def get_attribute(item, str name):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef const char* text
    cdef Py_ssize_t size
    text = PyUnicode_AsUTF8AndSize(name, &size)
    open_view(item, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        if not find_entry(&at, view.end, head.size, text, size):
            return None
        start = at
        skip(&at, view.end)
        return bytes_between(start, at)
    finally:
        close_view(&view)


def find(item, tuple path):
    cdef View view
    cdef const uint8_t* at
    cdef const uint8_t* start
    open_view(item, &view)
    try:
        at = view.data
        for step in path:
            if not step_into(&at, view.end, step):
                return None
        start = at
        skip(&at, view.end)
        return bytes_between(start, at)
    finally:
        close_view(&view)


def equal(a, b):
    cdef View left, right
    cdef const uint8_t* left_at
    cdef const uint8_t* right_at
    open_view(a, &left)
    try:
        open_view(b, &right)
        try:
            left_at = left.data
            right_at = right.data
            return equal_values(&left_at, left.end, &right_at, right.end, 0) == 1
        finally:
            close_view(&right)
    finally:
        close_view(&left)


def compare(a, b):
    cdef View left, right
    cdef Head x, y
    open_view(a, &left)
    try:
        open_view(b, &right)
        try:
            read_whole(&left, &x)
            read_whole(&right, &y)
            if x.kind != y.kind or x.kind > KIND_B:
                return None
            return compare_bytes(x.body, x.size, y.body, y.size)
        finally:
            close_view(&right)
    finally:
        close_view(&left)


cdef int list_contains(Head* elements, const uint8_t* end, View* operand) except -1:
    cdef const uint8_t* element = elements.body
    cdef const uint8_t* at
    cdef const uint8_t* other
    cdef Py_ssize_t i
    for i in range(elements.size):
        at = element
        other = operand.data
        if equal_values(&at, end, &other, operand.end, 0):
            return True
        skip(&element, end)
    return False


def contains(container, operand):
    cdef View left, right
    cdef Head x, y
    open_view(container, &left)
    try:
        open_view(operand, &right)
        try:
            read_whole(&left, &x)
            read_whole(&right, &y)
            if x.kind == KIND_L:
                return list_contains(&x, left.end, &right) == 1
            if x.kind >= KIND_SS:
                return x.kind - KIND_SS == y.kind and set_contains(&x, &y) == 1
            if x.kind == y.kind and (x.kind == KIND_S or x.kind == KIND_B):
                return find_bytes(x.body, x.size, y.body, y.size)
            return False
        finally:
            close_view(&right)
    finally:
        close_view(&left)


def begins_with(value, prefix):
    cdef View left, right
    cdef Head x, y
    open_view(value, &left)
    try:
        open_view(prefix, &right)
        try:
            read_whole(&left, &x)
            read_whole(&right, &y)
            if x.kind != y.kind or (x.kind != KIND_S and x.kind != KIND_B):
                return False
            return x.size >= y.size and memcmp(x.body, y.body, y.size) == 0
        finally:
            close_view(&right)
    finally:
        close_view(&left)


def size_function(value):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef Py_ssize_t count
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind == KIND_N or head.kind == KIND_BOOL or head.kind == KIND_NULL:
            return None
        if head.kind < KIND_SS:
            return head.size
        read_set(&head, &at, &end, &count)
        return count
    finally:
        close_view(&view)


def value_size(value):
    cdef View view
    cdef const uint8_t* at
    cdef Py_ssize_t size
    open_view(value, &view)
    try:
        at = view.data
        size = measure(&at, view.end, 0)
        read_end(at, view.end)
        return size
    finally:
        close_view(&view)


def item_size(item):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef Py_ssize_t size
    open_view(item, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        size = measure_entries(&at, view.end, head.size, 0)
        read_end(at, view.end)
        return size
    finally:
        close_view(&view)


def value_depth(value):
    cdef View view
    cdef const uint8_t* at
    cdef Py_ssize_t depth
    open_view(value, &view)
    try:
        at = view.data
        depth = measure_depth(&at, view.end, 0)
        read_end(at, view.end)
        return depth
    finally:
        close_view(&view)


# --- public: taking apart and putting together -------------------------------------------------------------------------


cdef inline object text_of(Head* head):
    try:
        return PyUnicode_DecodeUTF8(<const char*>head.body, head.size, NULL)
    except UnicodeDecodeError:
        raise CorruptBytes("a string is not UTF-8") from None


def split_map(value):
    cdef View view
    cdef Head head, name
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef Py_ssize_t i
    cdef dict entries = {}
    open_view(value, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        for i in range(head.size):
            read_name(&at, view.end, &name)
            start = at
            skip(&at, view.end)
            entries[text_of(&name)] = bytes_between(start, at)
        read_end(at, view.end)
        return entries
    finally:
        close_view(&view)


def split_list(value):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef Py_ssize_t i
    cdef list elements = []
    open_view(value, &view)
    try:
        read_container(&view, KIND_L, &at, &head)
        for i in range(head.size):
            start = at
            skip(&at, view.end)
            elements.append(bytes_between(start, at))
        read_end(at, view.end)
        return elements
    finally:
        close_view(&view)


def split_set(value):
    cdef View view
    cdef Head head, member
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef const uint8_t* start
    cdef Py_ssize_t i, count
    cdef list members = []
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind < KIND_SS:
            corrupt("not a set")
        read_set(&head, &at, &end, &count)
        for i in range(count):
            start = at
            read_member(&at, end, head.kind, &member)
            members.append(bytes_between(start, at))
        read_end(at, end)
        return members
    finally:
        close_view(&view)


cdef int append_value(Out* out, object value) except -1:
    """Append a value somebody encoded, having made sure that it is one value."""
    cdef View view
    cdef const uint8_t* at
    open_view(value, &view)
    try:
        at = view.data
        skip(&at, view.end)
        read_end(at, view.end)
        return append(out, view.data, view.end - view.data)
    finally:
        close_view(&view)


def join_map(entries):
    cdef Out out
    cdef const char* text
    cdef Py_ssize_t size
    open_out(&out)
    try:
        put_head(&out, KIND_M, len(entries), 0)
        for name, value in entries.items():
            text = PyUnicode_AsUTF8AndSize(name, &size)
            put_value(&out, KIND_S, text, size)
            append_value(&out, value)
        return out_bytes(&out)
    finally:
        close_out(&out)


def join_list(elements):
    cdef Out out
    open_out(&out)
    try:
        put_head(&out, KIND_L, len(elements), 0)
        for element in elements:
            append_value(&out, element)
        return out_bytes(&out)
    finally:
        close_out(&out)


def join_set(str set_type, members):
    cdef Out out
    cdef Py_ssize_t count = 0
    cdef int kind = kind_of_name(set_type)
    if kind < KIND_SS or kind == KIND_UNKNOWN:
        raise ValueError(f"not a set type: {set_type}")
    open_out(&out)
    try:
        for member in members:
            append_value(&out, member)
            count += 1
        if count == 0:
            raise ValueError("a set has members")
        finish_set(&out, 0, kind, count, True)
        return out_bytes(&out)
    finally:
        close_out(&out)


def pick(item, names):
    return project(item, dict.fromkeys(names))


def project(item, tree):
    cdef View view
    cdef Out out
    cdef Head head
    cdef const uint8_t* at
    open_view(item, &view)
    open_out(&out)
    try:
        read_container(&view, KIND_M, &at, &head)
        keep_of_map(&out, &at, view.end, head.size, tree, 0)
        read_end(at, view.end)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


# --- public: numbers ---------------------------------------------------------------------------------------------------


def number_from_text(str text):
    cdef uint8_t number[LONGEST_NUMBER]
    cdef Py_ssize_t size = parse_number(text, number)
    return PyBytes_FromStringAndSize(<char*>number, size)


def number_to_text(number):
    cdef View view
    cdef char text[LONGEST_NUMBER_TEXT]
    cdef int size
    open_view(number, &view)
    try:
        size = write_number_text(view.data, view.end - view.data, text)
        return PyUnicode_DecodeUTF8(text, size, NULL)
    finally:
        close_view(&view)


def number_size(number):
    cdef View view
    open_view(number, &view)
    try:
        return number_cost(view.data, view.end - view.data)
    finally:
        close_view(&view)


cdef int open_number(object value, Decimal* to) except -1:
    """The number of an encoded N."""
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind != KIND_N:
            return corrupt("not an N")
        return unpack_number(head.body, head.size, to)
    finally:
        close_view(&view)


def add_numbers(a, b, bint subtract=False):
    cdef Decimal left, right
    open_number(a, &left)
    open_number(b, &right)
    return sum_numbers(&left, &right, subtract)


# --- public: keys ------------------------------------------------------------------------------------------------------


cdef int read_key(View* view, Head* head) except -1:
    """A value that may be a key: S, N or B."""
    read_whole(view, head)
    if head.kind > KIND_B:
        raise ValueError("a key is S, N or B, not " + KIND_NAMES[head.kind])
    return 0


cdef bytes order_preserving(object value, bint ended):
    cdef View view
    cdef Head head
    cdef Out out
    cdef Py_ssize_t i
    open_view(value, &view)
    open_out(&out)
    try:
        read_key(&view, &head)
        ensure_room(&out, 2 * head.size + 2)
        if head.kind == KIND_N or memchr(head.body, 0, head.size) == NULL:
            put_bytes(&out, head.body, head.size)
        else:
            for i in range(head.size):
                put_byte(&out, head.body[i])
                if head.body[i] == 0:
                    put_byte(&out, 0xff)
        if ended:
            put_bytes(&out, b"\0\0", 1 if head.kind == KIND_N else 2)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


def key_bytes(value):
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_key(&view, &head)
        return bytes_between(head.body, head.body + head.size)
    finally:
        close_view(&view)


def key_part(value):
    return order_preserving(value, True)


def key_part_prefix(value):
    return order_preserving(value, False)


cdef object md5 = hashlib.md5


def partition_hash(raw):
    return md5(b"Outliers" + raw, usedforsecurity=False).digest()[:4]
