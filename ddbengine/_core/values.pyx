"""Looking into values: type, equality, order, containment, size and depth, on stored bytes as they are."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t
from libc.stdlib cimport qsort
from libc.string cimport memchr, memcmp

from ddbengine._core.buffers cimport View, bytes_between, close_view, compare_bytes, open_view, open_views
from ddbengine._core.faults cimport corrupt
from ddbengine._core.numbers cimport number_cost
from ddbengine._core.stored cimport (
    DEEPEST_READ,
    KIND_B,
    KIND_BOOL,
    KIND_L,
    KIND_M,
    KIND_N,
    KIND_NS,
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
    read_whole,
    skip,
)


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
    cdef const uint8_t* last
    if needle_size == 0:
        return True
    if needle_size > size:
        return False
    if needle_size > 8:
        return bytes_between(needle, needle + needle_size) in bytes_between(text, text + size)
    last = text + size - needle_size
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


# --- public -----------------------------------------------------------------------------------------------------------


def type_of(value):
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        return name_of(head.kind)
    finally:
        close_view(&view)


def equal(a, b):
    cdef View left, right
    cdef const uint8_t* left_at
    cdef const uint8_t* right_at
    open_views(a, b, &left, &right)
    try:
        left_at = left.data
        right_at = right.data
        if left.end - left_at == right.end - right_at and memcmp(left_at, right_at, left.end - left_at) == 0:
            return True
        return equal_values(&left_at, left.end, &right_at, right.end, 0) == 1
    finally:
        close_view(&left)
        close_view(&right)


def compare(a, b):
    cdef View left, right
    cdef Head x, y
    open_views(a, b, &left, &right)
    try:
        read_whole(&left, &x)
        read_whole(&right, &y)
        if x.kind != y.kind or x.kind > KIND_B:
            return None
        return compare_bytes(x.body, x.size, y.body, y.size)
    finally:
        close_view(&left)
        close_view(&right)


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
    open_views(container, operand, &left, &right)
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
        close_view(&left)
        close_view(&right)


def begins_with(value, prefix):
    cdef View left, right
    cdef Head x, y
    open_views(value, prefix, &left, &right)
    try:
        read_whole(&left, &x)
        read_whole(&right, &y)
        if x.kind != y.kind or (x.kind != KIND_S and x.kind != KIND_B):
            return False
        return x.size >= y.size and memcmp(x.body, y.body, y.size) == 0
    finally:
        close_view(&left)
        close_view(&right)


cdef Py_ssize_t utf16_units(const uint8_t* text, Py_ssize_t size) noexcept:
    """How many UTF-16 code units a UTF-8 text has: one for each character, two for one of four bytes."""
    cdef Py_ssize_t i, units = 0
    for i in range(size):
        units += ((text[i] & 0xC0) != 0x80) + (text[i] >= 0xF0)
    return units


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
        if head.kind == KIND_S:
            return utf16_units(head.body, head.size)
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


cdef Py_ssize_t size_of_item(View* view) except -1:
    cdef Head head
    cdef const uint8_t* at
    cdef Py_ssize_t size
    read_container(view, KIND_M, &at, &head)
    size = measure_entries(&at, view.end, head.size, 0)
    read_end(at, view.end)
    return size


def item_size(item):
    cdef View view
    open_view(item, &view)
    try:
        return size_of_item(&view)
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
