"""To Python: stored bytes become the dicts that a program in this process reads, without JSON in between."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

from ddbengine._core.base64 cimport put_base64
from ddbengine._core.buffers cimport Out, View, close_out, close_view, open_out, open_view
from ddbengine._core.faults cimport corrupt
from ddbengine._core.numbers cimport LONGEST_NUMBER_TEXT, write_number_text
from ddbengine._core.stored cimport (
    DEEPEST_READ,
    KIND_B,
    KIND_BOOL,
    KIND_L,
    KIND_M,
    KIND_N,
    KIND_NULL,
    KIND_S,
    KIND_SS,
    Head,
    name_of,
    read_container,
    read_end,
    read_head,
    read_member,
    read_name,
    read_set,
)
from ddbengine._core.unicode cimport (
    PyUnicode_1BYTE_DATA,
    PyUnicode_DecodeUTF8,
    PyUnicode_GET_LENGTH,
    PyUnicode_IS_ASCII,
)

from ddbengine._core.faults import CorruptBytes


cdef enum:
    NAME_SLOTS = 1024
    LONGEST_KEPT_NAME = 40


# Attribute names are the same in every item of a table, so those that were made last are used again.  Each has one
# slot, and is ASCII.
cdef list KEPT_NAMES = [None] * NAME_SLOTS


cdef inline str text_of(Head* head):
    return PyUnicode_DecodeUTF8(<const char*>head.body, head.size, NULL)


cdef inline str name_text_of(Head* head):
    cdef uint32_t slot = 0
    cdef Py_ssize_t i
    cdef str name
    if head.size > LONGEST_KEPT_NAME:
        return text_of(head)
    for i in range(head.size):
        slot = slot * 31 + head.body[i]
    slot = (slot ^ (slot >> 10)) % NAME_SLOTS
    name = <str>KEPT_NAMES[slot]
    if (
        name is not None
        and PyUnicode_GET_LENGTH(name) == head.size
        and memcmp(PyUnicode_1BYTE_DATA(name), head.body, head.size) == 0
    ):
        return name
    name = text_of(head)
    if PyUnicode_IS_ASCII(name):
        KEPT_NAMES[slot] = name
    return name


cdef str number_of(Head* head):
    cdef char text[LONGEST_NUMBER_TEXT]
    cdef Py_ssize_t size = write_number_text(head.body, head.size, text)
    return PyUnicode_DecodeUTF8(text, size, NULL)


cdef str base64_of(Head* head):
    cdef Out out
    open_out(&out)
    try:
        put_base64(&out, head.body, head.size)
        return PyUnicode_DecodeUTF8(<const char*>out.data, out.size, NULL)
    finally:
        close_out(&out)


cdef inline str scalar_of(Head* head):
    """The text of an S, N or B."""
    if head.kind == KIND_S:
        return text_of(head)
    return number_of(head) if head.kind == KIND_N else base64_of(head)


cdef dict wire_value(const uint8_t** at, const uint8_t* end, int depth):
    """The wire form of the next value."""
    cdef Head head
    read_head(at, end, &head)
    if head.kind == KIND_S:
        return {"S": text_of(&head)}
    if head.kind == KIND_N:
        return {"N": number_of(&head)}
    if head.kind == KIND_B:
        return {"B": base64_of(&head)}
    if head.kind == KIND_BOOL:
        return {"BOOL": head.size != 0}
    if head.kind == KIND_NULL:
        return {"NULL": True}
    if head.kind == KIND_M:
        return {"M": wire_entries(at, end, head.size, depth)}
    if head.kind == KIND_L:
        return {"L": wire_elements(at, end, head.size, depth)}
    return {name_of(head.kind): wire_members(&head)}


cdef dict wire_entries(const uint8_t** at, const uint8_t* end, Py_ssize_t count, int depth):
    cdef Head name
    cdef Py_ssize_t i
    cdef dict entries = {}
    cdef str text
    if depth >= DEEPEST_READ:
        corrupt("nested too deep")
    for i in range(count):
        read_name(at, end, &name)
        text = name_text_of(&name)
        entries[text] = wire_value(at, end, depth + 1)
    return entries


cdef list wire_elements(const uint8_t** at, const uint8_t* end, Py_ssize_t count, int depth):
    cdef Py_ssize_t i
    cdef list elements = []
    if depth >= DEEPEST_READ:
        corrupt("nested too deep")
    for i in range(count):
        elements.append(wire_value(at, end, depth + 1))
    return elements


cdef list wire_members(Head* payload):
    """The members of a set."""
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef Py_ssize_t i, count
    cdef Head member
    cdef list members = []
    read_set(payload, &at, &end, &count)
    for i in range(count):
        read_member(&at, end, payload.kind, &member)
        members.append(scalar_of(&member))
    read_end(at, end)
    return members


def item_to_dict(item):
    cdef View view
    cdef const uint8_t* at
    cdef Head head
    cdef dict entries
    open_view(item, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        entries = wire_entries(&at, view.end, head.size, 0)
        read_end(at, view.end)
        return entries
    except UnicodeDecodeError:
        raise CorruptBytes("a string is not UTF-8") from None
    finally:
        close_view(&view)
