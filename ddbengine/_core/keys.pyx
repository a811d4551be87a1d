"""Keys: order-preserving parts, the hash that orders a scan (FACTS 5.7), and the whole keys of items."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next, PyDict_Size
from cpython.ref cimport PyObject
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
from ddbengine._core.documents cimport find_entry
from ddbengine._core.md5 cimport Md5, md5_begin, md5_finish
from ddbengine._core.stored cimport (
    KIND_B,
    KIND_M,
    KIND_N,
    Head,
    kind_of_name,
    name_of,
    read_container,
    read_head,
    read_whole,
)
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize


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


cdef int put_partition(Out* out, Head* head) except -1:
    """Append the hash of a partition key, and its part."""
    ensure_room(out, 4)
    hash_key(head.body, head.size, out.data + out.size)
    out.size += 4
    return put_part(out, head, True)


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
        put_partition(&out, &head)
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


cdef bint is_plain(Head* head, object key_type, Py_ssize_t most_bytes) noexcept:
    """Whether a value can be a key attribute of this type, and there is nothing to be said about its size."""
    return head.kind <= KIND_B and head.kind == kind_of_name(key_type) and 0 < head.size <= most_bytes


cdef int put_attribute(Out* out, Head* head, bint is_partition) except -1:
    """Append a key attribute, the partition key with its hash before it."""
    return put_partition(out, head) if is_partition else put_part(out, head, True)


def item_key(bytes prefix not None, dict key_types not None, dict values not None, Py_ssize_t most_bytes):
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* key_type
    cdef PyObject* value
    cdef View view
    cdef Head head
    cdef Out out
    cdef bint is_partition = True
    if PyDict_Size(values) != PyDict_Size(key_types):
        return None
    open_out(&out)
    try:
        append(&out, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix))
        while PyDict_Next(key_types, &position, &name, &key_type):
            value = PyDict_GetItemWithError(values, <object>name)
            if value == NULL:
                return None
            open_view(<object>value, &view)
            try:
                read_whole(&view, &head)
                if not is_plain(&head, <object>key_type, most_bytes):
                    return None
                put_attribute(&out, &head, is_partition)
            finally:
                close_view(&view)
            is_partition = False
        return out_bytes(&out)
    finally:
        close_out(&out)


def key_of_item(bytes prefix not None, dict key_types not None, item, Py_ssize_t most_bytes):
    cdef Py_ssize_t position = 0, size
    cdef PyObject* name
    cdef PyObject* key_type
    cdef const char* text
    cdef const uint8_t* first
    cdef const uint8_t* at
    cdef View view
    cdef Head whole, head
    cdef Out out
    cdef bint is_partition = True
    open_view(item, &view)
    open_out(&out)
    try:
        read_container(&view, KIND_M, &first, &whole)
        append(&out, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix))
        while PyDict_Next(key_types, &position, &name, &key_type):
            text = PyUnicode_AsUTF8AndSize(<object>name, &size)
            at = first
            if not find_entry(&at, view.end, whole.size, text, size):
                return None
            read_head(&at, view.end, &head)
            if not is_plain(&head, <object>key_type, most_bytes):
                return None
            put_attribute(&out, &head, is_partition)
            is_partition = False
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


cdef bytes after(Out* out):
    """The smallest bytes that are greater than all that begin with what was put."""
    cdef Py_ssize_t size = out.size
    while size > 0 and out.data[size - 1] == 0xff:
        size -= 1
    if size == 0:
        raise ValueError("nothing is greater than all that begins with this")
    found = PyBytes_FromStringAndSize(<char*>out.data, size)
    (<uint8_t*>PyBytes_AS_STRING(found))[size - 1] += 1
    return found


cdef Py_ssize_t put_value(Out* out, object value, bint is_partition, bint ended=True) except -1:
    """Append a key attribute's value; return how many key bytes it has."""
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_key(&view, &head)
        if is_partition:
            put_partition(out, &head)
        else:
            put_part(out, &head, ended)
        return head.size
    finally:
        close_view(&view)


cdef bytes with_bound(Out* out, Py_ssize_t common, object value, bint ended, bint behind, Py_ssize_t* size):
    """What was put first, and a bound on what comes next: before all that begins with the value, or behind it."""
    out.size = common
    size[0] = put_value(out, value, False, ended)
    return after(out) if behind else out_bytes(out)


def key_range(
    bytes prefix not None, tuple values not None, tuple partition not None, tuple equal not None, str operator,
    tuple operands not None, Py_ssize_t most_bytes
):
    cdef Py_ssize_t common, size, sort_bytes = 0
    cdef Out out
    cdef bytes low, high
    cdef bint is_prefix = operator == "begins_with"
    if len(partition) != 1:
        return None
    open_out(&out)
    try:
        append(&out, PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix))
        size = put_value(&out, values[partition[0]], True)
        if not 0 < size <= most_bytes:
            return None
        for place in equal:
            size = put_value(&out, values[place], False)
            if size == 0:
                return None
            sort_bytes += size
        common = out.size
        low, high = out_bytes(&out), after(&out)
        if operator is not None:
            first = values[operands[0]]
            if operator == "<" or operator == "<=":
                high = with_bound(&out, common, first, True, operator == "<=", &size)
            else:
                low = with_bound(&out, common, first, not is_prefix, operator == ">", &size)
            if size == 0:
                return None
            sort_bytes += size
            if is_prefix:
                high = with_bound(&out, common, first, False, True, &size)
            elif operator == "BETWEEN":
                high = with_bound(&out, common, values[operands[1]], True, True, &size)
                if size == 0:
                    return None
                sort_bytes += size
        return (low, high) if sort_bytes <= most_bytes else None
    finally:
        close_out(&out)
