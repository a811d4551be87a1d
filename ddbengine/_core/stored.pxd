"""The stored form of values: msgpack headers, read with every bound checked, and written in their shortest form.

A pointer ``at`` into foreign bytes is only advanced by ``read_head`` and what builds on it; ``end`` is where they end.
"""

from libc.stdint cimport uint8_t
from libc.string cimport memcmp

from ddbengine._core.buffers cimport Out, View, ensure_room, put_byte, put_bytes
from ddbengine._core.faults cimport corrupt
from ddbengine._core.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_Check, PyUnicode_GET_LENGTH, PyUnicode_IS_ASCII


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


cdef str name_of(int kind)


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


# --- reading ----------------------------------------------------------------------------------------------------------


cdef struct Head:
    # One value's header.  size: bytes of an S, N, B or set payload, entries of an M, elements of an L, 1 for true.
    # body: the payload's first byte, or the first entry of an M or L.
    int kind
    const uint8_t* body
    Py_ssize_t size


cdef int read_long_head(const uint8_t** at, const uint8_t* end, Head* head) except -1
cdef int skip(const uint8_t** at, const uint8_t* end) except -1


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
        return corrupt("not a " + name_of(kind))
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


# --- writing ----------------------------------------------------------------------------------------------------------


cdef enum:
    LONGEST_HEADER = 6


cdef int write_head(uint8_t* to, int kind, Py_ssize_t size) noexcept
cdef int insert_head(Out* out, Py_ssize_t start, int kind, Py_ssize_t count) except -1


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
