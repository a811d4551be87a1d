"""Building sets: encoded members become one value, sorted and distinct."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t
from libc.stdlib cimport qsort
from libc.string cimport memmove

from ddbengine._core.buffers cimport Out, compare_bytes, ensure_room, put_bytes
from ddbengine._core.stored cimport KIND_L, LONGEST_HEADER, Head, read_end, read_member, write_head


cdef struct Member:
    # A set's member: its sort key, and its encoded form.
    const uint8_t* body
    Py_ssize_t size
    const uint8_t* start
    Py_ssize_t length


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
