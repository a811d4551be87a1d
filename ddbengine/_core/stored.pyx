"""The longer routines of the stored form; the short ones are inline in stored.pxd."""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memmove

from ddbengine._core.buffers cimport Out, ensure_room
from ddbengine._core.faults cimport corrupt


cdef tuple KIND_NAMES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")


cdef str name_of(int kind):
    return KIND_NAMES[kind]


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


cdef int insert_head(Out* out, Py_ssize_t start, int kind, Py_ssize_t count) except -1:
    """Put the header of an M or L, whose count was not known before, in front of the entries from start on."""
    cdef uint8_t head[LONGEST_HEADER]
    cdef int length = write_head(head, kind, count)
    ensure_room(out, length)
    memmove(out.data + start + length, out.data + start, out.size - start)
    memcpy(out.data + start, head, length)
    out.size += length
    return 0
