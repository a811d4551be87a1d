"""GetItem in its plainest form, from the bytes of the request to those of the answer: one whole item by a key of strings
and numbers.  What is said any other way, or may have to be refused, gets no answer here."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcmp

from ddbengine._core.buffers cimport (
    Out,
    View,
    append,
    bytes_between,
    close_out,
    close_view,
    open_out,
    open_view,
    out_bytes,
)
from ddbengine._core.keys cimport put_attribute
from ddbengine._core.numbers cimport LONGEST_NUMBER, scan_number
from ddbengine._core.rendering cimport put_wire_item
from ddbengine._core.shortcuts cimport Shortcut, holds, is_table_name
from ddbengine._core.stored cimport KIND_N, KIND_S, Head, kind_of_name
from ddbengine._core.unicode cimport PyUnicode_DecodeUTF8


cdef enum:
    MOST_ATTRIBUTES = 2
    MOST_TABLES = 16384


cdef struct Text:
    # What is between two quotation marks, without an escape.
    const uint8_t* at
    Py_ssize_t size
    bint is_ascii


cdef struct KeyAttribute:
    Text name
    int kind
    Text value


cdef struct Lookup:
    Text table
    bint consistent
    int count
    KeyAttribute[MOST_ATTRIBUTES] key


# --- reading the request ----------------------------------------------------------------------------------------------
# Each of these takes what it is for and moves ``at`` behind it; False when something else is there.


cdef inline uint8_t ahead(const uint8_t** at, const uint8_t* end) noexcept:
    """The next byte that is no white space, 0 at the end."""
    while at[0] < end and (at[0][0] == c" " or c"\t" <= at[0][0] <= c"\n" or at[0][0] == c"\r"):
        at[0] += 1
    return at[0][0] if at[0] < end else 0


cdef inline bint take(const uint8_t** at, const uint8_t* end, uint8_t wanted) noexcept:
    if ahead(at, end) != wanted:
        return False
    at[0] += 1
    return True


cdef bint take_text(const uint8_t** at, const uint8_t* end, Text* text) noexcept:
    cdef const uint8_t* p
    if not take(at, end, c'"'):
        return False
    p = text.at = at[0]
    text.is_ascii = True
    while p < end and p[0] != c'"':
        if p[0] < 0x20 or p[0] == c"\\":
            return False
        if p[0] >= 0x80:
            text.is_ascii = False
        p += 1
    if p == end:
        return False
    text.size = p - text.at
    at[0] = p + 1
    return True


cdef bint take_name(const uint8_t** at, const uint8_t* end, Text* name) noexcept:
    """A member's name and the colon."""
    return take_text(at, end, name) and take(at, end, c":")


cdef inline bint says(Text* text, const char* wanted, Py_ssize_t size) noexcept:
    return text.size == size and memcmp(text.at, wanted, size) == 0


cdef bint take_flag(const uint8_t** at, const uint8_t* end, bint* flag) noexcept:
    flag[0] = ahead(at, end) == c"t"
    if flag[0] and end - at[0] >= 4 and memcmp(at[0], b"true", 4) == 0:
        at[0] += 4
        return True
    if end - at[0] >= 5 and memcmp(at[0], b"false", 5) == 0:
        at[0] += 5
        return True
    return False


cdef bint take_table_name(const uint8_t** at, const uint8_t* end, Text* name) noexcept:
    """A name that a table can have; an ARN is not one."""
    return take_text(at, end, name) and is_table_name(name.at, name.size)


cdef bint take_attribute(const uint8_t** at, const uint8_t* end, KeyAttribute* attribute) noexcept:
    cdef Text kind
    if not take_name(at, end, &attribute.name) or not take(at, end, c"{") or not take_name(at, end, &kind):
        return False
    if says(&kind, b"S", 1):
        attribute.kind = KIND_S
    elif says(&kind, b"N", 1):
        attribute.kind = KIND_N
    else:
        return False
    return take_text(at, end, &attribute.value) and take(at, end, c"}")


cdef bint take_key(const uint8_t** at, const uint8_t* end, Lookup* lookup) noexcept:
    lookup.count = 0
    if not take(at, end, c"{"):
        return False
    while lookup.count < MOST_ATTRIBUTES:
        if not take_attribute(at, end, &lookup.key[lookup.count]):
            return False
        lookup.count += 1
        if not take(at, end, c","):
            return take(at, end, c"}")
    return False


cdef bint take_lookup(const uint8_t* at, const uint8_t* end, Lookup* lookup) noexcept:
    cdef bint has_table = False, has_key = False, has_flag = False
    cdef Text name
    lookup.consistent = False
    if not take(&at, end, c"{"):
        return False
    while True:
        if not take_name(&at, end, &name):
            return False
        if says(&name, b"TableName", 9) and not has_table:
            has_table = take_table_name(&at, end, &lookup.table)
            if not has_table:
                return False
        elif says(&name, b"Key", 3) and not has_key:
            has_key = take_key(&at, end, lookup)
            if not has_key:
                return False
        elif says(&name, b"ConsistentRead", 14) and not has_flag:
            has_flag = take_flag(&at, end, &lookup.consistent)
            if not has_flag:
                return False
        else:
            return False
        if not take(&at, end, c","):
            break
    return take(&at, end, c"}") and ahead(&at, end) == 0 and at == end and has_table and has_key


# --- answering it -----------------------------------------------------------------------------------------------------


@cython.final
cdef class KnownTable:
    """What is known of a table while ``version`` is that of the catalog."""

    cdef bytes version
    cdef bytes item_prefix
    cdef tuple names
    cdef int[MOST_ATTRIBUTES] kinds


cdef KnownTable known_table(bytes version, bytes item_prefix, dict key_types):
    cdef KnownTable table = KnownTable.__new__(KnownTable)
    cdef int i
    if not 0 < len(key_types) <= MOST_ATTRIBUTES:
        raise ValueError("a key has one attribute or two")
    table.version = version
    table.item_prefix = item_prefix
    table.names = tuple([name.encode() for name in key_types])
    for i, key_type in enumerate(key_types.values()):
        table.kinds[i] = kind_of_name(key_type)
    return table


cdef bint is_valid_utf8(Text* text) except -1:
    try:
        PyUnicode_DecodeUTF8(<const char*>text.at, text.size, NULL)
    except UnicodeDecodeError:
        return False
    return True


cdef bytes key_of(KnownTable table, Lookup* lookup, Py_ssize_t most_bytes):
    """The stored key of what is looked up; None where the ordinary way has to look, or something to say."""
    cdef uint8_t number[LONGEST_NUMBER]
    cdef KeyAttribute* attribute
    cdef bytes name
    cdef Head head
    cdef Out out
    cdef int i, place
    if lookup.count != len(table.names):
        return None
    open_out(&out)
    try:
        append(&out, PyBytes_AS_STRING(table.item_prefix), PyBytes_GET_SIZE(table.item_prefix))
        for i in range(lookup.count):
            name = table.names[i]
            place = 0
            while not says(&lookup.key[place].name, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)):
                place += 1
                if place == lookup.count:
                    return None
            attribute = &lookup.key[place]
            if attribute.kind != table.kinds[i] or not 0 < attribute.value.size <= most_bytes:
                return None
            head.kind = attribute.kind
            head.body = attribute.value.at
            head.size = attribute.value.size
            if head.kind == KIND_N:
                head.size = scan_number(head.body, head.body + head.size, number)
                head.body = number
                if head.size <= 0:
                    return None
            elif not attribute.value.is_ascii and not is_valid_utf8(&attribute.value):
                return None
            put_attribute(&out, &head, i == 0)
        return out_bytes(&out)
    finally:
        close_out(&out)


cdef bytes body_of(object item):
    """The body of the answer with this stored item."""
    cdef View view
    cdef Out out
    if item is None:
        return b"{}"
    open_view(item, &view)
    open_out(&out)
    try:
        append(&out, b'{"Item":', 8)
        put_wire_item(&out, &view)
        append(&out, b"}", 1)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


@cython.final
cdef class PlainLookups(Shortcut):
    cdef object snapshot
    cdef object find_table
    cdef bytes version_key
    cdef Py_ssize_t most_bytes
    cdef dict tables

    def __init__(self, snapshot not None, find_table not None, bytes version_key not None, Py_ssize_t most_bytes):
        self.snapshot = snapshot
        self.find_table = find_table
        self.version_key = version_key
        self.most_bytes = most_bytes
        self.tables = {}

    cpdef answer(self, bytes body):
        cdef const uint8_t* start
        cdef Lookup lookup
        cdef KnownTable table
        cdef bytes key, name
        if body is None:
            raise TypeError("a request has a body")
        start = <const uint8_t*>PyBytes_AS_STRING(body)
        if not take_lookup(start, start + PyBytes_GET_SIZE(body), &lookup):
            return None
        snapshot = self.snapshot(lookup.consistent)
        if snapshot is None:
            return None
        name = bytes_between(lookup.table.at, lookup.table.at + lookup.table.size)
        with snapshot as read:
            table = self.tables.get(name)
            if table is None or not holds(read.get(self.version_key), table.version):
                table = self.known_anew(read, name)
            key = None if table is None else key_of(table, &lookup, self.most_bytes)
            return None if key is None else body_of(read.get(key))

    cdef KnownTable known_anew(self, object read, bytes name):
        found = self.find_table(read, name.decode())
        if found is None:
            return None
        if len(self.tables) >= MOST_TABLES:
            self.tables.clear()
        version, item_prefix, key_types = found
        table = self.tables[name] = known_table(version, item_prefix, key_types)
        return table
