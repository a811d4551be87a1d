"""Trees in LMDB's map (trees.pyx)."""

from libc.stdint cimport uint8_t, uint64_t

from ddbengine._core.walks cimport Entry


cdef struct Page:
    const uint8_t* at
    Py_ssize_t count


cdef struct Node:
    const uint8_t* at
    const uint8_t* key
    Py_ssize_t key_size


cdef struct Place:
    # A page on the way from the root to an entry, and which of its nodes the way takes.
    Page page
    Py_ssize_t index


cdef class TreeMap:
    cdef const uint8_t* base
    cdef uint64_t pages
    cdef Py_ssize_t page_size
    cdef bint on_disk

    cdef MappedTree tree_of(self, uint64_t txn)


cdef class MappedTree:
    cdef const uint8_t* base
    # NULL when its transaction has ended.
    cdef Py_ssize_t page_size
    cdef uint64_t root
    cdef uint64_t last_page
    cdef int depth
    cdef bint on_disk

    cdef object value_of(self, bytes key)
    cdef int descend(self, bytes key, Place* way) except -1
    cdef Py_ssize_t lowest_not_below(
        self, Page* page, Py_ssize_t first, const uint8_t* key, Py_ssize_t size, bint above
    ) except -1
    cdef int move(self, Place* way, bint reverse) except -1
    cdef int read_page(self, uint64_t number, int kind, Page* page) except -1
    cdef int read_node(self, Page* page, Py_ssize_t index, Node* node) except -1
    cdef uint64_t child(self, Place* place) except? 0
    cdef int read_value(self, Page* page, Node* node, Entry* entry) except -1
