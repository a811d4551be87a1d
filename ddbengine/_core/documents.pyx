"""Documents: paths into them, taking them apart, putting them together, and cutting them down to what is asked for."""

from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport PyObject
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
from ddbengine._core.faults cimport corrupt
from ddbengine._core.sets cimport finish_set
from ddbengine._core.stored cimport (
    DEEPEST_READ,
    KIND_L,
    KIND_M,
    KIND_S,
    KIND_SS,
    KIND_UNKNOWN,
    Head,
    insert_head,
    kind_of_name,
    put_head,
    put_value,
    read_container,
    read_end,
    read_head,
    read_member,
    read_name,
    read_set,
    read_whole,
    skip,
)
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8

from ddbengine._core.faults import CorruptBytes


# --- paths ------------------------------------------------------------------------------------------------------------


cdef int find_entry(
    const uint8_t** at, const uint8_t* end, Py_ssize_t count, const char* name, Py_ssize_t size
) except -1:
    """Move to the value of an M's entry; False, and anywhere, when there is none of that name."""
    cdef Head head
    cdef Py_ssize_t i
    for i in range(count):
        read_name(at, end, &head)
        if head.size == size and memcmp(head.body, name, size) == 0:
            return True
        skip(at, end)
    return False


cdef int step_into(const uint8_t** at, const uint8_t* end, object step) except -1:
    """Move from a value to the one a path element names in it; False when there is none."""
    cdef Head head
    cdef Py_ssize_t i, index, size
    cdef const char* name
    read_head(at, end, &head)
    if isinstance(step, str):
        if head.kind != KIND_M:
            return False
        name = PyUnicode_AsUTF8AndSize(step, &size)
        return find_entry(at, end, head.size, name, size)
    if head.kind != KIND_L or step < 0 or step >= head.size:
        return False
    index = step
    for i in range(index):
        skip(at, end)
    return True


def get_attribute(item, str name):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef const char* text
    cdef Py_ssize_t size
    text = PyUnicode_AsUTF8AndSize(name, &size)
    open_view(item, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        if not find_entry(&at, view.end, head.size, text, size):
            return None
        start = at
        skip(&at, view.end)
        return bytes_between(start, at)
    finally:
        close_view(&view)


def find(item, tuple path):
    cdef View view
    cdef const uint8_t* at
    cdef const uint8_t* start
    open_view(item, &view)
    try:
        at = view.data
        for step in path:
            if not step_into(&at, view.end, step):
                return None
        start = at
        skip(&at, view.end)
        return bytes_between(start, at)
    finally:
        close_view(&view)


# --- one level at a time ----------------------------------------------------------------------------------------------


cdef inline object text_of(Head* head):
    try:
        return PyUnicode_DecodeUTF8(<const char*>head.body, head.size, NULL)
    except UnicodeDecodeError:
        raise CorruptBytes("a string is not UTF-8") from None


def split_map(value):
    cdef View view
    cdef Head head, name
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef Py_ssize_t i
    cdef dict entries = {}
    open_view(value, &view)
    try:
        read_container(&view, KIND_M, &at, &head)
        for i in range(head.size):
            read_name(&at, view.end, &name)
            start = at
            skip(&at, view.end)
            entries[text_of(&name)] = bytes_between(start, at)
        read_end(at, view.end)
        return entries
    finally:
        close_view(&view)


def split_list(value):
    cdef View view
    cdef Head head
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef Py_ssize_t i
    cdef list elements = []
    open_view(value, &view)
    try:
        read_container(&view, KIND_L, &at, &head)
        for i in range(head.size):
            start = at
            skip(&at, view.end)
            elements.append(bytes_between(start, at))
        read_end(at, view.end)
        return elements
    finally:
        close_view(&view)


def split_set(value):
    cdef View view
    cdef Head head, member
    cdef const uint8_t* at
    cdef const uint8_t* end
    cdef const uint8_t* start
    cdef Py_ssize_t i, count
    cdef list members = []
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind < KIND_SS:
            corrupt("not a set")
        read_set(&head, &at, &end, &count)
        for i in range(count):
            start = at
            read_member(&at, end, head.kind, &member)
            members.append(bytes_between(start, at))
        read_end(at, end)
        return members
    finally:
        close_view(&view)


cdef int append_value(Out* out, object value) except -1:
    """Append a value somebody encoded, having made sure that it is one value."""
    cdef View view
    cdef const uint8_t* at
    open_view(value, &view)
    try:
        at = view.data
        skip(&at, view.end)
        read_end(at, view.end)
        return append(out, view.data, view.end - view.data)
    finally:
        close_view(&view)


def join_map(entries):
    cdef Out out
    cdef const char* text
    cdef Py_ssize_t size
    open_out(&out)
    try:
        put_head(&out, KIND_M, len(entries), 0)
        for name, value in entries.items():
            text = PyUnicode_AsUTF8AndSize(name, &size)
            put_value(&out, KIND_S, text, size)
            append_value(&out, value)
        return out_bytes(&out)
    finally:
        close_out(&out)


cdef struct Change:
    # What becomes of an entry: its name, and a borrowed value, None for no entry.
    const char* name
    Py_ssize_t size
    PyObject* value
    bint done


cdef int put_entry(Out* out, Change* change) except -1:
    """Append an entry with its new value; False when it is to have none."""
    change.done = True
    if <object>change.value is None:
        return False
    put_value(out, KIND_S, change.name, change.size)
    append_value(out, <object>change.value)
    return True


cdef Py_ssize_t change_entries(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, Change* changes, Py_ssize_t n
) except -1:
    """Append the entries of an M with the changes made; return how many there are now."""
    cdef const uint8_t* entry
    cdef Py_ssize_t i, j, kept = 0
    cdef Head name
    for i in range(count):
        entry = at[0]
        read_name(at, end, &name)
        j = 0
        while j < n and (changes[j].size != name.size or memcmp(changes[j].name, name.body, name.size) != 0):
            j += 1
        skip(at, end)
        if j == n:
            append(out, entry, at[0] - entry)
            kept += 1
        else:
            kept += put_entry(out, &changes[j])
    for j in range(n):
        if not changes[j].done:
            kept += put_entry(out, &changes[j])
    return kept


def with_entries(item, dict entries not None):
    cdef Change few[16]
    cdef Change* changes = few
    cdef View view
    cdef Out out
    cdef Head head
    cdef const uint8_t* at
    cdef Py_ssize_t position = 0, n = 0
    cdef PyObject* name
    cdef PyObject* value
    if len(entries) > 16:
        changes = <Change*>PyMem_Malloc(len(entries) * sizeof(Change))
        if changes == NULL:
            raise MemoryError
    open_out(&out)
    try:
        while PyDict_Next(entries, &position, &name, &value):
            changes[n].name = PyUnicode_AsUTF8AndSize(<object>name, &changes[n].size)
            changes[n].value = value
            changes[n].done = False
            n += 1
        open_view(item, &view)
        try:
            read_container(&view, KIND_M, &at, &head)
            insert_head(&out, 0, KIND_M, change_entries(&out, &at, view.end, head.size, changes, n))
            read_end(at, view.end)
        finally:
            close_view(&view)
        return out_bytes(&out)
    finally:
        close_out(&out)
        if changes != few:
            PyMem_Free(changes)


def join_list(elements):
    cdef Out out
    open_out(&out)
    try:
        put_head(&out, KIND_L, len(elements), 0)
        for element in elements:
            append_value(&out, element)
        return out_bytes(&out)
    finally:
        close_out(&out)


def join_set(str set_type, members):
    cdef Out out
    cdef Py_ssize_t count = 0
    cdef int kind = kind_of_name(set_type)
    if kind < KIND_SS or kind == KIND_UNKNOWN:
        raise ValueError(f"not a set type: {set_type}")
    open_out(&out)
    try:
        for member in members:
            append_value(&out, member)
            count += 1
        if count == 0:
            raise ValueError("a set has members")
        finish_set(&out, 0, kind, count, True)
        return out_bytes(&out)
    finally:
        close_out(&out)


# --- projections ------------------------------------------------------------------------------------------------------


cdef struct Branch:
    # A name that a projection keeps, and what of its value: a borrowed Tree, or NULL for all of it.
    const char* name
    Py_ssize_t size
    PyObject* tree


cdef int keep_value(Out* out, const uint8_t** at, const uint8_t* end, PyObject* tree, int depth) except -1:
    """Append what a Tree keeps of the next value, passing it by; False when that is nothing."""
    cdef const uint8_t* start = at[0]
    cdef Head head
    if tree == NULL or <object>tree is None:
        skip(at, end)
        append(out, start, at[0] - start)
        return True
    if depth >= DEEPEST_READ:
        return corrupt("nested too deep")
    read_head(at, end, &head)
    if head.kind == KIND_M:
        return keep_of_map(out, at, end, head.size, <object>tree, depth)
    if head.kind == KIND_L:
        return keep_of_list(out, at, end, head.size, <object>tree, depth)
    return False


cdef int keep_of_list(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, object tree, int depth
) except -1:
    cdef Py_ssize_t i, kept = 0, start = out.size
    cdef PyObject* branch
    cdef dict branches = tree if isinstance(tree, dict) else dict(tree)
    for i in range(count):
        branch = PyDict_GetItemWithError(branches, i)
        if branch == NULL:
            skip(at, end)
        else:
            kept += keep_value(out, at, end, branch, depth + 1)
    if kept:
        insert_head(out, start, KIND_L, kept)
    return kept != 0


cdef int keep_of_map(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, object tree, int depth
) except -1:
    cdef Branch few[16]
    cdef Branch* branches = few
    cdef Py_ssize_t kept, position = 0, n = 0, start = out.size
    cdef PyObject* name
    cdef PyObject* branch
    cdef dict names = tree if isinstance(tree, dict) else dict(tree)
    if len(names) > 16:
        branches = <Branch*>PyMem_Malloc(len(names) * sizeof(Branch))
        if branches == NULL:
            raise MemoryError
    try:
        while PyDict_Next(names, &position, &name, &branch):
            if isinstance(<object>name, str):
                branches[n].name = PyUnicode_AsUTF8AndSize(<object>name, &branches[n].size)
                branches[n].tree = branch
                n += 1
        kept = keep_entries(out, at, end, count, branches, n, depth)
        if kept or depth == 0:
            insert_head(out, start, KIND_M, kept)
        return kept != 0
    finally:
        if branches != few:
            PyMem_Free(branches)


cdef Py_ssize_t keep_entries(
    Out* out, const uint8_t** at, const uint8_t* end, Py_ssize_t count, Branch* branches, Py_ssize_t n, int depth
) except -1:
    """Append the entries of an M that branches name, cut down; return how many."""
    cdef Py_ssize_t i, j, kept = 0, start
    cdef const uint8_t* entry
    cdef Head name
    for i in range(count):
        entry = at[0]
        read_name(at, end, &name)
        j = 0
        while j < n and (branches[j].size != name.size or memcmp(branches[j].name, name.body, name.size) != 0):
            j += 1
        if j == n:
            skip(at, end)
            continue
        start = out.size
        append(out, entry, at[0] - entry)
        if keep_value(out, at, end, branches[j].tree, depth + 1):
            kept += 1
        else:
            out.size = start
    return kept


def pick(item, names):
    return project(item, dict.fromkeys(names))


def project(item, tree):
    cdef View view
    cdef Out out
    cdef Head head
    cdef const uint8_t* at
    open_view(item, &view)
    open_out(&out)
    try:
        read_container(&view, KIND_M, &at, &head)
        keep_of_map(&out, &at, view.end, head.size, tree, 0)
        read_end(at, view.end)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)
