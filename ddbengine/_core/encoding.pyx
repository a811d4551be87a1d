"""From the wire: checked attribute values become stored bytes, and are measured in the same pass."""

from cpython.dict cimport PyDict_Check, PyDict_Next, PyDict_Size
from cpython.list cimport PyList_Check, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.ref cimport PyObject
from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memmove

from ddbengine._core.base64 cimport decode_base64
from ddbengine._core.buffers cimport Out, close_out, ensure_room, open_out, out_bytes, put_byte
from ddbengine._core.numbers cimport LONGEST_NUMBER, number_cost, parse_number
from ddbengine._core.sets cimport finish_set
from ddbengine._core.stored cimport (
    DEEPEST_ENCODED,
    KIND_B,
    KIND_BOOL,
    KIND_L,
    KIND_M,
    KIND_N,
    KIND_NS,
    KIND_NULL,
    KIND_S,
    KIND_SS,
    KIND_UNKNOWN,
    LONGEST_HEADER,
    kind_of_name,
    name_of,
    put_head,
    put_value,
    write_head,
)
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_Check, PyUnicode_GET_LENGTH

from ddbengine._core.faults import ValueFault


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
        if member is None:
            raise ValueFault("number_format", "") if kind == KIND_NS else ValueFault(name_of(kind) + "_null")
        size += encode_member(to, kind - KIND_SS + KIND_S, member, 0)
    if PyList_GET_SIZE(members) == 0:
        raise ValueFault(name_of(kind) + "_empty")
    if finish_set(&to.out, start, kind, PyList_GET_SIZE(members), False):
        raise ValueFault(name_of(kind) + "_duplicates", None if kind == KIND_NS else list(members))
    return size


cdef inline void start_encoding(Encoding* to, int max_depth) noexcept:
    open_out(&to.out)
    to.deepest = max_depth if max_depth < DEEPEST_ENCODED else DEEPEST_ENCODED
    to.inner_empty_name = False


cdef inline bytes finish_encoding(Encoding* to):
    if to.inner_empty_name:
        raise ValueFault("empty_name")
    return out_bytes(&to.out)


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


def encode_values(dict wire not None, Py_ssize_t most_bytes, int max_depth=32):
    cdef Py_ssize_t position = 0
    cdef PyObject* name
    cdef PyObject* value
    cdef dict encoded = {}
    cdef Encoding to
    while PyDict_Next(wire, &position, &name, &value):
        start_encoding(&to, max_depth)
        try:
            encode_attribute(&to, <object>value, 1)
            if to.inner_empty_name or to.out.size > most_bytes:
                return None
            encoded[<object>name] = out_bytes(&to.out)
        except ValueFault:
            return None
        finally:
            close_out(&to.out)
    return encoded
