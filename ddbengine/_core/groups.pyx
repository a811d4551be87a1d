"""The write transaction that a group of plans shares: what they read from, and what their writes go into."""

from cpython.bytes cimport PyBytes_FromStringAndSize, PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint64_t

from ddbengine._core.buffers cimport View, close_view, open_view
from ddbengine._core.environments cimport Transaction
from ddbengine._core.faults cimport corrupt
from ddbengine._core.outcomes cimport Writes


cdef enum:
    SHORT_KEY_MAX_BYTES = 510
    LAYERS = 0x4c
    # Longer keys are cut, and of the others none begins with this byte: see ``storage.layers``.
    MEMBER_BYTES = 8


cdef uint64_t member_at(const uint8_t* at) noexcept:
    cdef uint64_t member = 0
    cdef int i
    for i in range(MEMBER_BYTES):
        member |= <uint64_t>at[i] << 8 * i
    return member


cdef bytes row_with(const uint8_t* before, tuple deltas):
    """A counter row with something added to each member, or to zeros (NULL); None when nothing but zeros is left."""
    cdef Py_ssize_t size = len(deltas) * MEMBER_BYTES, place
    cdef bytes row = PyBytes_FromStringAndSize(NULL, size)
    cdef uint8_t* at = <uint8_t*>PyBytes_AS_STRING(row)
    cdef int64_t known, delta, member
    cdef bint is_zero = True
    cdef int i
    for place in range(len(deltas)):
        known = 0 if before == NULL else <int64_t>member_at(before + place * MEMBER_BYTES)
        delta = deltas[place]
        member = <int64_t>(<uint64_t>known + <uint64_t>delta)
        # Of two numbers of one sign the sum has that sign too, or it does not fit.
        if ((known ^ member) & (delta ^ member)) < 0:
            raise OverflowError("a counter is out of range")
        is_zero = is_zero and member == 0
        for i in range(MEMBER_BYTES):
            at[place * MEMBER_BYTES + i] = <uint8_t>(<uint64_t>member >> 8 * i)
    return None if is_zero else row


cdef class GroupedWrites:
    cdef readonly object txn
    cdef readonly list logged
    cdef readonly dict counters
    cdef readonly uint64_t digest
    cdef readonly Py_ssize_t marked
    cdef bint hashed
    cdef bint logs_all

    def __init__(self, txn not None, bint hashed=False, bint logs_all=False, uint64_t digest=0):
        self.txn = txn
        self.logged = []
        self.counters = {}
        self.hashed = hashed
        self.logs_all = logs_all
        self.digest = digest

    def get(self, bytes key not None):
        cdef PyObject* deltas
        if self.counters:
            deltas = PyDict_GetItemWithError(self.counters, key)
            if deltas != NULL:
                return self.counter_row(key, <tuple?><object>deltas)
        return self.stored(key)

    cdef object stored(self, bytes key):
        if PyBytes_GET_SIZE(key) > SHORT_KEY_MAX_BYTES:
            return self.get_long(key)
        if type(self.txn) is Transaction:
            return (<Transaction>self.txn).get(key)
        return self.txn.get(key)

    cdef bytes counter_row(self, bytes key, tuple deltas):
        cdef View view
        before = self.stored(key)
        if before is None:
            return row_with(NULL, deltas)
        open_view(before, &view)
        try:
            if view.end - view.data != len(deltas) * MEMBER_BYTES:
                corrupt("a counter row has another size")
            return row_with(view.data, deltas)
        finally:
            close_view(&view)

    def apply(self, Writes writes not None):
        self.apply_all((writes,))
        if self.logs_all or writes.logged:
            self.logged.append(writes)
            if writes.logged:
                self.marked = len(self.logged)

    cpdef apply_all(self, changes):
        change = None
        if type(self.txn) is Transaction:
            change = (<Transaction>self.txn).apply(changes, self.counters, SHORT_KEY_MAX_BYTES, self.hashed, LAYERS)
        if change is None:
            change = self.carry_out_each(changes, self.hashed)
        if self.hashed:
            self.digest += <uint64_t>change

    def flush(self):
        cdef Writes rows
        if not self.counters:
            return
        rows = Writes()
        for key, deltas in self.counters.items():
            row = self.counter_row(key, deltas)
            if row is None:
                rows.deletes.append(key)
            else:
                rows.puts.append((key, row))
        self.counters.clear()
        self.apply_all((rows,))
