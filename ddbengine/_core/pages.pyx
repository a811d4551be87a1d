"""Pages of items: entries read until there are enough of them."""

from ddbengine._core.buffers cimport View
from ddbengine._core.filters cimport Test
from ddbengine._core.values cimport size_of_item
from ddbengine._core.walks cimport Entry, Pairs, Walk


def take_page(entries, Py_ssize_t limit, Py_ssize_t most_bytes, matches=None):
    cdef Walk walk = entries if isinstance(entries, Walk) else Pairs(entries)
    cdef Test test = matches if isinstance(matches, Test) else None
    cdef Entry entry
    cdef View view
    cdef Py_ssize_t scanned = 0, size = 0
    cdef list rows = []
    cdef bint kept, ends
    view.held = False
    while walk.step(&entry):
        scanned += 1
        view.data = entry.value
        view.end = entry.value + entry.value_size
        size += size_of_item(&view)
        ends = scanned == limit or size >= most_bytes
        row = None
        if test is not None:
            kept = test.holds(walk.row_of(&entry) if test.needs_item else None, &view)
        else:
            kept = matches is None or matches(row := walk.row_of(&entry))
        if kept or ends:
            row = walk.row_of(&entry) if row is None else row
        if kept:
            rows.append(row)
        if ends:
            return rows, scanned, size, row
    return rows, scanned, size, None
