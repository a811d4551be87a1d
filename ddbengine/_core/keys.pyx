"""Keys: order-preserving parts, and the hash that orders a scan (FACTS 5.7)."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memchr

from ddbengine._core.buffers cimport (
    Out,
    View,
    append,
    bytes_between,
    close_out,
    close_view,
    ensure_room,
    open_out,
    open_view,
    out_bytes,
    put_byte,
    put_bytes,
)
from ddbengine._core.md5 cimport Md5, md5_begin, md5_finish
from ddbengine._core.stored cimport KIND_B, KIND_N, Head, kind_of_name, name_of, read_whole


cdef int read_key(View* view, Head* head) except -1:
    """A value that may be a key: S, N or B."""
    read_whole(view, head)
    if head.kind > KIND_B:
        raise ValueError("a key is S, N or B, not " + name_of(head.kind))
    return 0


cdef int put_part(Out* out, Head* head, bint ended) except -1:
    """Append a key's bytes such that they sort as its value does."""
    cdef Py_ssize_t i
    ensure_room(out, 2 * head.size + 2)
    if head.kind == KIND_N or memchr(head.body, 0, head.size) == NULL:
        put_bytes(out, head.body, head.size)
    else:
        for i in range(head.size):
            put_byte(out, head.body[i])
            if head.body[i] == 0:
                put_byte(out, 0xff)
    if ended:
        put_bytes(out, b"\0\0", 1 if head.kind == KIND_N else 2)
    return 0


cdef void hash_key(const uint8_t* raw, Py_ssize_t size, uint8_t* to) noexcept:
    """Write the four bytes of a partition key's hash."""
    cdef Md5 state
    cdef int i
    md5_begin(&state, b"Outliers", 8)
    md5_finish(&state, raw, size)
    for i in range(4):
        to[i] = (state.words[0] >> (8 * i)) & 0xff


cdef bytes order_preserving(object value, bint ended):
    cdef View view
    cdef Head head
    cdef Out out
    open_view(value, &view)
    open_out(&out)
    try:
        read_key(&view, &head)
        put_part(&out, &head, ended)
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


def key_size(value, str key_type):
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind > KIND_B or head.kind != kind_of_name(key_type):
            return -1
        return head.size
    finally:
        close_view(&view)


def partition_key(bytes prefix not None, value):
    cdef View view
    cdef Head head
    cdef Out out
    open_view(value, &view)
    open_out(&out)
    try:
        read_key(&view, &head)
        append(&out, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix))
        ensure_room(&out, 4)
        hash_key(head.body, head.size, out.data + out.size)
        out.size += 4
        put_part(&out, &head, True)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


def partition_hash(raw):
    cdef View view
    cdef uint8_t digest[4]
    open_view(raw, &view)
    try:
        hash_key(view.data, view.end - view.data, digest)
        return PyBytes_FromStringAndSize(<char*>digest, 4)
    finally:
        close_view(&view)


