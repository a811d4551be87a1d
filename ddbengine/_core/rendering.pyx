"""To the wire: stored bytes become DynamoDB JSON without a Python object per attribute."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ddbengine._core.base64 cimport put_base64
from ddbengine._core.buffers cimport (
    Out,
    View,
    append,
    close_out,
    close_view,
    ensure_room,
    open_out,
    open_view,
    out_bytes,
    put_byte,
    put_bytes,
)
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
    read_container,
    read_end,
    read_head,
    read_member,
    read_name,
    read_set,
)


cdef uint64_t HIGH_BITS = 0x8080808080808080
cdef enum:
    LONG_TEXT = 32


cdef inline uint64_t oddities(uint64_t word) noexcept:
    """The high bits of bytes that JSON may have to escape (false alarms are possible) and of those beyond ASCII."""
    cdef uint64_t quotes = word ^ <uint64_t>0x2222222222222222
    cdef uint64_t slashes = word ^ <uint64_t>0x5c5c5c5c5c5c5c5c
    return (
        ((word - <uint64_t>0x2020202020202020) & ~word)
        | ((quotes - <uint64_t>0x0101010101010101) & ~quotes)
        | ((slashes - <uint64_t>0x0101010101010101) & ~slashes)
        | word
    ) & HIGH_BITS


cdef bint is_plain_text(const uint8_t* text, Py_ssize_t size) noexcept:
    """Whether a text is ASCII that JSON takes as it is.  Without a branch, so that compilers make vectors of it."""
    cdef uint8_t odd = 0
    cdef Py_ssize_t i
    for i in range(size):
        odd |= (text[i] < 0x20) | (text[i] == c'"') | (text[i] == c"\\") | (text[i] > 0x7f)
    return not odd


cdef inline bint copy_plain(uint8_t* to, const uint8_t* text, Py_ssize_t size) noexcept:
    """Copy a text if it is ASCII that JSON takes as it is; False, and anything copied, when it may not be.

    Names and most values are short: words that overlap, looked at as they are copied, cost less than two calls.
    """
    cdef uint64_t word, odd
    cdef uint32_t low, high
    cdef Py_ssize_t i = 0
    if size >= LONG_TEXT:
        if not is_plain_text(text, size):
            return False
        memcpy(to, text, size)
        return True
    if size >= 8:
        memcpy(&word, text + size - 8, 8)
        memcpy(to + size - 8, &word, 8)
        odd = oddities(word)
        while i < size - 8:
            memcpy(&word, text + i, 8)
            memcpy(to + i, &word, 8)
            odd |= oddities(word)
            i += 8
        return odd == 0
    if size >= 4:
        memcpy(&low, text, 4)
        memcpy(&high, text + size - 4, 4)
        memcpy(to, &low, 4)
        memcpy(to + size - 4, &high, 4)
        return oddities(low | (<uint64_t>high << 32)) == 0
    for i in range(size):
        if text[i] < 0x20 or text[i] == c'"' or text[i] == c"\\" or text[i] > 0x7f:
            return False
        to[i] = text[i]
    return True


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


cdef int put_odd_string(Out* out, const uint8_t* text, Py_ssize_t size) except -1:
    """The rest of a JSON string, behind its first quote, that is not plain."""
    if not is_utf8(text, text + size):
        return corrupt("a string is not UTF-8")
    put_escaped(out, text, size)
    ensure_room(out, 9)
    put_byte(out, c'"')
    return 0


cdef inline int put_json_string(Out* out, const uint8_t* text, Py_ssize_t size) except -1:
    """A JSON string; there is room for 8 bytes more behind it."""
    ensure_room(out, size + 10)
    put_byte(out, c'"')
    if not copy_plain(out.data + out.size, text, size):
        return put_odd_string(out, text, size)
    out.size += size
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


cdef int put_wire_item(Out* out, View* view) except -1:
    cdef const uint8_t* at
    cdef Head head
    read_container(view, KIND_M, &at, &head)
    ensure_room(out, 16)
    put_wire_entries(out, &at, view.end, head.size, 0)
    return read_end(at, view.end)


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


cdef int put_wire_items(Out* out, object items) except -1:
    """Append a list of stored items."""
    cdef View view
    cdef bint first = True
    append(out, b"[", 1)
    for item in items:
        if not first:
            append(out, b",", 1)
        first = False
        open_view(item, &view)
        try:
            put_wire_item(out, &view)
        finally:
            close_view(&view)
    append(out, b"]", 1)
    return 0


def items_to_wire(items):
    cdef Out out
    open_out(&out)
    try:
        put_wire_items(&out, items)
        return out_bytes(&out)
    finally:
        close_out(&out)


def page_to_wire(items, bytes counts not None, last, bytes more not None):
    cdef Out out
    cdef View view
    open_out(&out)
    try:
        append(&out, b"{", 1)
        if items is not None:
            append(&out, b'"Items":', 8)
            put_wire_items(&out, items)
            append(&out, b",", 1)
        append(&out, PyBytes_AS_STRING(counts), PyBytes_GET_SIZE(counts))
        if last is not None:
            append(&out, b',"LastEvaluatedKey":', 20)
            open_view(last, &view)
            try:
                put_wire_item(&out, &view)
            finally:
                close_view(&view)
        append(&out, PyBytes_AS_STRING(more), PyBytes_GET_SIZE(more))
        append(&out, b"}", 1)
        return out_bytes(&out)
    finally:
        close_out(&out)
