"""Reading LMDB's B+tree where the map has it: the entries of a snapshot without a call of the binding for each.

The binding opens, writes, and begins and ends transactions; while a read transaction is open, the pages of its tree
stay as they are, and here they are read.  The form of a page is that of LMDB's 0.9 data files, version 1, on machines
of 64 bits; where it is another, no tree is given and the binding reads.  Every bound is checked: a damaged page is a
DamagedPage, never a read outside the map.

    page   number 8 | pad 2 | flags 2 | lower 2, upper 2 (of an overflow page: how many pages, 4) | offsets of nodes 2 each
    node   size of the value 4 (in a branch: the child's number, 6) | flags 2 | size of the key 2 | key | value
    meta   page header 16 | magic 4 | version 4 | address 8 | size 8 | free tree 48 | main tree 48 | last page 8 | txn 8
    tree   pad 4 | flags 2 | depth 2 | branch pages 8 | leaf pages 8 | overflow pages 8 | entries 8 | root 8
"""

import os
import sys

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from ddbengine._core.buffers cimport View, close_view, compare_bytes, open_view
from ddbengine._core.faults cimport damaged
from ddbengine._core.walks cimport Bounded, Entry


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define before_what_follows() __atomic_thread_fence(__ATOMIC_ACQUIRE)
    #else
    #include <intrin.h>
    #if defined(_M_ARM64)
    #define before_what_follows() __dmb(_ARM64_BARRIER_ISHLD)
    #else
    #define before_what_follows() _ReadWriteBarrier()
    #endif
    #endif

    static void fetch_pages(const volatile unsigned char* at, size_t size) {
        size_t done;
        for (done = 0; done < size; done += 4096)
            (void)at[done];
        (void)at[size - 1];
    }
    """
    void before_what_follows() noexcept
    void fetch_pages(const uint8_t* at, size_t size) noexcept nogil


cdef extern from "Python.h":
    int PyBUF_READ


cdef enum:
    PAGE_FLAGS = 10
    PAGE_LOWER = 12
    PAGE_OVERFLOWS = 12
    PAGE_HEADER = 16
    NODE_FLAGS = 4
    NODE_KEY_SIZE = 6
    NODE_HEADER = 8
    META_MAGIC = 16
    META_VERSION = 20
    META_TREE_FLAGS = 92
    META_DEPTH = 94
    META_ROOT = 128
    META_LAST_PAGE = 136
    META_TXN = 144
    META_BYTES = 152
    BRANCH = 1
    LEAF = 2
    OVERFLOW = 4
    KINDS = 0x7f ^ 0x10
    # Whatever a page may be but for dirty, which says nothing of one that a reader sees.
    BIG_VALUE = 1
    DEEPEST = 32

cdef uint32_t MAGIC = 0xbeefc0de
cdef uint32_t VERSION = 1
cdef uint64_t NO_PAGE = <uint64_t>-1
cdef bint READABLE = sizeof(void*) == 8 and sys.byteorder == "little"


cdef inline uint16_t u16(const uint8_t* at) noexcept:
    cdef uint16_t number
    memcpy(&number, at, 2)
    return number


cdef inline uint32_t u32(const uint8_t* at) noexcept:
    cdef uint32_t number
    memcpy(&number, at, 4)
    return number


cdef inline uint64_t u64(const uint8_t* at) noexcept:
    cdef uint64_t number
    memcpy(&number, at, 8)
    return number


cdef bint is_memory(const uint8_t* start, Py_ssize_t size) except -1:
    """Whether there is anything to read at an address: the system copies it, or says that it cannot."""
    try:
        end, begin = os.pipe()
    except OSError:
        return False
    try:
        return os.write(begin, PyMemoryView_FromMemory(<char*>start, size, PyBUF_READ)) == size
    except OSError:
        return False
    finally:
        os.close(begin)
        os.close(end)


cdef class TreeMap:
    """Where the map of an environment is.  It moves when the environment grows: then it has to be found again."""

    def find(self, key, Py_ssize_t page_size, Py_ssize_t map_size, bint on_disk=False):
        """Find the map by a key that the binding gave out of it; True when its trees can be read here."""
        cdef View view
        cdef const uint8_t* page
        cdef const uint8_t* base
        cdef uint64_t number
        cdef Py_ssize_t count, index
        self.base = NULL
        if not READABLE or page_size < 4096 or page_size & (page_size - 1) or map_size < 2 * page_size:
            return False
        open_view(key, &view)
        close_view(&view)  # only the address is of interest, and the binding keeps what is there
        page = view.data - (<uintptr_t>view.data & (page_size - 1))
        number = u64(page)
        count = (u16(page + PAGE_LOWER) - PAGE_HEADER) >> 1
        if u16(page + PAGE_FLAGS) & KINDS != LEAF or number >= <uint64_t>(map_size // page_size):
            return False
        if count < 1 or PAGE_HEADER + 2 * count > page_size:
            return False
        for index in range(count):
            if page + u16(page + PAGE_HEADER + 2 * index) + NODE_HEADER == view.data:
                break
        else:
            return False
        base = page - number * page_size
        if number * page_size > <uintptr_t>page or not is_memory(base, META_BYTES):
            return False  # the page's number, which LMDB itself does not look at, is damaged
        if u64(base) != 0 or u32(base + META_MAGIC) != MAGIC or u32(base + META_VERSION) != VERSION:
            return False
        self.base = base
        self.page_size = page_size
        self.pages = map_size // page_size
        self.on_disk = on_disk
        return True

    def tree(self, uint64_t txn):
        """See ``tree_of``."""
        return self.tree_of(txn)

    cdef MappedTree tree_of(self, uint64_t txn):
        """The tree as the read transaction of this number sees it, to be asked for while the transaction is young.

        None when it cannot be read here: the form is unknown, or there was a commit since the transaction began.  Then
        the next one may be writing over the page that says where the root is, and it writes the number last.
        """
        cdef const uint8_t* meta
        cdef const uint8_t* other
        cdef MappedTree tree
        if self.base == NULL:
            return None
        meta = self.base + (txn & 1) * self.page_size
        other = self.base + (~txn & 1) * self.page_size
        if u64(meta + META_TXN) != txn:
            return None
        before_what_follows()
        tree = MappedTree.__new__(MappedTree)
        tree.base = self.base
        tree.page_size = self.page_size
        tree.on_disk = self.on_disk
        tree.root = u64(meta + META_ROOT)
        tree.depth = u16(meta + META_DEPTH)
        tree.last_page = u64(meta + META_LAST_PAGE)
        if u16(meta + META_TREE_FLAGS) != 0 or tree.last_page >= self.pages or tree.depth > DEEPEST:
            return None
        before_what_follows()
        if u64(other + META_TXN) > txn:
            return None
        return tree


@cython.freelist(16)
@cython.final
cdef class MappedTree:
    """The tree of one snapshot.  It is given by ``TreeMap.tree`` and has to be ended with its transaction."""

    def get(self, bytes key not None):
        """The value of a key, None when there is none.  It lives as long as the transaction."""
        return self.value_of(key)

    cdef object value_of(self, bytes key):
        cdef Place way[DEEPEST]
        cdef Entry entry
        cdef Node node
        cdef Place* leaf
        if not self.descend(key, way):
            return None
        leaf = &way[self.depth - 1]
        if leaf.index == leaf.page.count:
            return None
        self.read_node(&leaf.page, leaf.index, &node)
        if compare_bytes(node.key, node.key_size, <const uint8_t*>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)) != 0:
            return None
        self.read_value(&leaf.page, &node, &entry)
        return PyMemoryView_FromMemory(<char*>entry.value, entry.value_size, PyBUF_READ)

    def walk(self, bytes low not None, bytes high not None, Py_ssize_t full_size, inside, bint reverse=False):
        """Entries with low <= key < high, in order or in reverse.

        In place of an entry whose key has ``full_size`` bytes come the pairs of ``inside(key, value)``.  A bound that is
        longer cuts through what is inside of the entry that it begins with: that entry is within.
        """
        return TreeWalk(self, low, high, full_size, inside, reverse)

    def end(self):
        """The transaction ends: nothing may be read any more."""
        self.base = NULL

    cdef int descend(self, bytes key, Place* way) except -1:
        """Find the first entry that is not below a key; it may be one behind the last of its page.  0 without any."""
        cdef const uint8_t* wanted = <const uint8_t*>PyBytes_AS_STRING(key)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(key)
        cdef uint64_t number = self.root
        cdef int level
        if self.base == NULL:
            raise RuntimeError("the snapshot has ended")
        if number == NO_PAGE or self.depth == 0:
            return 0
        for level in range(self.depth - 1):
            self.read_page(number, BRANCH, &way[level].page)
            # The key of a branch's first node says nothing: everything that is below the second's is there.
            way[level].index = self.lowest_not_below(&way[level].page, 1, wanted, size, True) - 1
            number = self.child(&way[level])
        self.read_page(number, LEAF, &way[self.depth - 1].page)
        way[self.depth - 1].index = self.lowest_not_below(&way[self.depth - 1].page, 0, wanted, size, False)
        return 1

    cdef Py_ssize_t lowest_not_below(
        self, Page* page, Py_ssize_t first, const uint8_t* key, Py_ssize_t size, bint above
    ) except -1:
        """The first node from ``first`` on whose key is not below (or with ``above``, is above) a key, or the end."""
        cdef Py_ssize_t low = first, high = page.count, middle
        cdef Node node
        cdef int order
        while low < high:
            middle = (low + high) >> 1
            self.read_node(page, middle, &node)
            order = compare_bytes(node.key, node.key_size, key, size)
            if order < 0 or (above and order == 0):
                low = middle + 1
            else:
                high = middle
        return low

    cdef int move(self, Place* way, bint reverse) except -1:
        """Go from the leaf of a way to the one beside it; 0 when there is none."""
        cdef int level = self.depth - 2
        cdef uint64_t number
        while level >= 0:
            way[level].index += -1 if reverse else 1
            if 0 <= way[level].index < way[level].page.count:
                break
            level -= 1
        else:
            return 0
        while level < self.depth - 1:
            number = self.child(&way[level])
            level += 1
            self.read_page(number, LEAF if level == self.depth - 1 else BRANCH, &way[level].page)
            way[level].index = way[level].page.count - 1 if reverse else 0
        return 1

    cdef int read_page(self, uint64_t number, int kind, Page* page) except -1:
        cdef const uint8_t* at
        cdef Py_ssize_t lower
        if number > self.last_page:
            return damaged("a page is beyond the last one")
        at = self.base + number * self.page_size
        if self.on_disk and kind == LEAF:
            with nogil:
                fetch_pages(at, 1)
        if u64(at) != number or (u16(at + PAGE_FLAGS) & KINDS) != kind:
            return damaged("a page is not what its parent says")
        lower = u16(at + PAGE_LOWER)
        if lower < PAGE_HEADER + 2 or lower & 1 or lower > self.page_size:
            return damaged("a page has no nodes, or more than it has room for")
        page.at = at
        page.count = (lower - PAGE_HEADER) >> 1
        return 0

    cdef int read_node(self, Page* page, Py_ssize_t index, Node* node) except -1:
        cdef Py_ssize_t offset = u16(page.at + PAGE_HEADER + 2 * index)
        if offset < PAGE_HEADER + 2 * page.count or offset + NODE_HEADER > self.page_size:
            return damaged("a node is outside its page")
        node.at = page.at + offset
        node.key = node.at + NODE_HEADER
        node.key_size = u16(node.at + NODE_KEY_SIZE)
        if offset + NODE_HEADER + node.key_size > self.page_size:
            return damaged("a key is outside its page")
        return 0

    cdef uint64_t child(self, Place* place) except? 0:
        cdef Node node
        self.read_node(&place.page, place.index, &node)
        return u32(node.at) | <uint64_t>u16(node.at + NODE_FLAGS) << 32

    cdef int read_value(self, Page* page, Node* node, Entry* entry) except -1:
        cdef uint16_t flags = u16(node.at + NODE_FLAGS)
        cdef const uint8_t* value = node.key + node.key_size
        cdef const uint8_t* end = page.at + self.page_size
        cdef uint64_t number, pages
        entry.key = node.key
        entry.key_size = node.key_size
        entry.value_size = u32(node.at)
        if flags == 0:
            if entry.value_size > end - value:
                return damaged("a value is outside its page")
            entry.value = value
            return 0
        if flags != BIG_VALUE or end - value < 8:
            return damaged("a node is of no known kind")
        number = u64(value)
        if number > self.last_page:
            return damaged("a page is beyond the last one")
        entry.value = self.base + number * self.page_size
        pages = u32(entry.value + PAGE_OVERFLOWS)
        if u64(entry.value) != number or (u16(entry.value + PAGE_FLAGS) & KINDS) != OVERFLOW:
            return damaged("a page is not what its parent says")
        if pages > self.last_page - number + 1 or <uint64_t>entry.value_size + PAGE_HEADER > pages * self.page_size:
            return damaged("a value is outside its pages")
        entry.value += PAGE_HEADER
        if self.on_disk and entry.value_size > 0:
            with nogil:
                fetch_pages(entry.value, entry.value_size)
        return 0


@cython.final
cdef class TreeWalk(Bounded):
    """See ``MappedTree.walk``."""

    cdef MappedTree tree
    cdef Place way[DEEPEST]
    cdef Place* leaf

    def __cinit__(self, MappedTree tree not None, bytes low, bytes high, Py_ssize_t full_size, inside, bint reverse):
        self.tree = tree
        self.full_size = full_size
        self.inside = inside
        self.reverse = reverse
        self.bound = low[:full_size] if reverse else high
        if not tree.descend(high[:full_size] if reverse else low[:full_size], self.way):
            self.ended = True
            return
        self.leaf = &self.way[tree.depth - 1]
        if reverse and not self.begins_at_entry(high):
            self.leaf.index -= 1

    cdef bint begins_at_entry(self, bytes high) except -1:
        """Whether the upper bound is longer than the key of the entry at hand, and begins with it."""
        cdef Node node
        if PyBytes_GET_SIZE(high) <= self.full_size or self.leaf.index == self.leaf.page.count:
            return False
        self.tree.read_node(&self.leaf.page, self.leaf.index, &node)
        return compare_bytes(node.key, node.key_size, <const uint8_t*>PyBytes_AS_STRING(high), self.full_size) == 0

    cdef bint outer_step(self, Entry* entry) except -1:
        cdef Place* leaf = self.leaf
        cdef Node node
        if self.tree.base == NULL:
            raise RuntimeError("the snapshot has ended")
        self.ended = True  # unless all goes well: who goes on behind a damaged page would not notice what is missing
        if not 0 <= leaf.index < leaf.page.count and not self.tree.move(self.way, self.reverse):
            return False
        self.pair = None
        self.tree.read_node(&leaf.page, leaf.index, &node)
        self.tree.read_value(&leaf.page, &node, entry)
        leaf.index += -1 if self.reverse else 1
        self.ended = False
        return True
