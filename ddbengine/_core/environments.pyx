"""Environments of LMDB, opened by its C functions: the package's interface, as far as storage uses it, and its errors.

Two things are different here.  A call that only touches memory keeps the interpreter's lock: giving it up for a
microsecond costs several when other threads want it, since each takes it and has to be waited for.  And many writes are
one call (``Transaction.apply``), which gives the lock up for as long as it takes.

Values are memoryviews into the map; they live until the transaction ends or is next written to.  A transaction belongs
to one thread at a time, a write transaction to the one that began it.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.pystate cimport PyThreadState
from libc.stdint cimport int64_t, uint8_t, uint64_t

import os

import lmdb

from ddbengine._core.buffers cimport View, close_view, open_view, open_views
from ddbengine._core.digests cimport hash_of
from ddbengine._core.lmdb_functions cimport (
    KEY_EXISTS,
    NOT_FOUND,
    Cur,
    Env,
    Info,
    Stat,
    Txn,
    Value,
    mdb,
    succeeded,
)

from ddbengine._core.lmdb_functions import ARE_FOUND


cdef extern from "Python.h":
    int PyBUF_READ
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState* state)


cdef extern from *:
    """
    #if defined(_WIN32)
    static long long monotonic_ns(void) { return 0; }
    #else
    #include <time.h>
    static long long monotonic_ns(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
    }
    #endif
    """
    int64_t monotonic_ns() noexcept nogil


cdef enum:
    # Flags of mdb_env_open
    NO_SYNC = 0x10000
    READ_ONLY = 0x20000
    NO_META_SYNC = 0x40000
    WRITE_MAP = 0x80000
    NO_TLS = 0x200000
    NO_MEMORY_INIT = 0x1000000
    # of mdb_put and mdb_cursor_put
    NO_OVERWRITE = 0x10
    CURRENT = 0x40
    # of mdb_env_copyfd3
    COMPACT = 1
    # and what mdb_cursor_get is to do.
    GO_FIRST = 0
    GO_CURRENT = 4
    GO_LAST = 6
    GO_NEXT = 8
    GO_PREVIOUS = 12
    GO_THERE = 15
    GO_KEY = 16
    GO_RANGE = 17
    MAIN = 1
    # The tree that has no name.
    PATIENCE = 64
    WRITES_MAX_LOCKED = 8

cdef int64_t SLOW_NS = 100_000
"""A call that takes longer has waited for the disk, and those that come next may too."""

assert MAIN == 1


cdef struct Write:
    Value key
    Value value
    bint is_delete


cdef struct Call:
    # One call of LMDB, with the interpreter's lock or without.
    PyThreadState* state
    int64_t started


cdef class Environment:
    """See ``lmdb.Environment``; made by what ``lmdb.open`` takes."""

    cdef Env env
    cdef Py_ssize_t open
    # Transactions that have not ended.
    cdef Txn* spares
    # Read transactions that wait to be renewed.
    cdef Py_ssize_t spare_count
    cdef Py_ssize_t spares_max
    cdef int patience
    # How many of the next calls are made without the lock, since they may wait for a disk.
    cdef bint in_place

    def __init__(
        self,
        str path not None,
        size_t map_size,
        *,
        bint readonly=False,
        bint metasync=True,
        bint sync=True,
        bint writemap=False,
        bint meminit=True,
        unsigned int max_readers=126,
        Py_ssize_t max_spare_txns=1,
    ):
        cdef unsigned int flags = NO_TLS
        cdef bytes place = os.fsencode(path)
        cdef const char* place_name = place
        cdef int code
        assert ARE_FOUND and self.env == NULL
        if readonly:
            flags |= READ_ONLY
        if not sync:
            flags |= NO_SYNC
        if not metasync:
            flags |= NO_META_SYNC
        if writemap:
            flags |= WRITE_MAP
        if not meminit:
            flags |= NO_MEMORY_INIT
        self.in_place = writemap
        self.spares = <Txn*>PyMem_Malloc(max_spare_txns * sizeof(Txn))
        if self.spares == NULL:
            raise MemoryError
        self.spares_max = max_spare_txns
        succeeded(mdb.env_create(&self.env), "mdb_env_create")
        try:
            succeeded(mdb.env_set_mapsize(self.env, map_size), "mdb_env_set_mapsize")
            succeeded(mdb.env_set_maxreaders(self.env, max_readers), "mdb_env_set_maxreaders")
            with nogil:
                code = mdb.env_open(self.env, place_name, flags, 0o644)
            succeeded(code, f"{path}")
            self.open_main()
        except BaseException:
            mdb.env_close(self.env)
            self.env = NULL
            raise

    def __dealloc__(self):
        if self.env != NULL:
            self.release()
        PyMem_Free(self.spares)

    cdef int open_main(self) except -1:
        """LMDB wants a tree opened once before it is used, be it the one without a name."""
        cdef Txn txn
        cdef unsigned int tree
        cdef int code
        with nogil:
            code = mdb.txn_begin(self.env, NULL, READ_ONLY, &txn)
        succeeded(code, "mdb_txn_begin")
        code = mdb.dbi_open(txn, NULL, 0, &tree)
        if code:
            mdb.txn_abort(txn)
        else:
            code = mdb.txn_commit(txn)
        succeeded(code, "mdb_dbi_open")
        assert tree == MAIN
        return 0

    cdef void release(self) noexcept:
        while self.spare_count:
            self.spare_count -= 1
            mdb.txn_abort(self.spares[self.spare_count])
        mdb.env_close(self.env)
        self.env = NULL

    cdef int need_open(self) except -1:
        if self.env == NULL:
            raise lmdb.Error("Attempt to operate on closed/deleted/dropped object.")
        return 0

    def begin(self, parent=None, db=None, bint write=False, bint buffers=False):
        """A transaction.  ``parent`` and ``db`` are None and ``buffers`` says nothing: values are memoryviews."""
        cdef Transaction transaction
        cdef Txn txn = NULL
        cdef int code
        if self.env == NULL:
            self.need_open()
        if write:
            with nogil:
                code = mdb.txn_begin(self.env, NULL, 0, &txn)
            if code:
                succeeded(code, "mdb_txn_begin")
        elif self.spare_count:
            self.spare_count -= 1
            txn = self.spares[self.spare_count]
            code = mdb.txn_renew(txn)
            if code:
                mdb.txn_abort(txn)
                succeeded(code, "mdb_txn_renew")
        else:
            with nogil:
                code = mdb.txn_begin(self.env, NULL, READ_ONLY, &txn)
            if code:
                succeeded(code, "mdb_txn_begin")
        transaction = Transaction.__new__(Transaction)
        transaction.txn = txn
        transaction.writes = write
        transaction.environment = self
        self.open += 1
        return transaction

    def info(self):
        cdef Info info
        self.need_open()
        succeeded(mdb.env_info(self.env, &info), "mdb_env_info")
        return {
            "map_size": info.map_size,
            "last_pgno": info.last_page,
            "last_txnid": info.last_transaction,
            "max_readers": info.max_readers,
            "num_readers": info.readers,
        }

    def stat(self):
        cdef Stat stat
        self.need_open()
        succeeded(mdb.env_stat(self.env, &stat), "mdb_env_stat")
        return as_dict(&stat)

    def flags(self):
        cdef unsigned int flags = 0
        self.need_open()
        succeeded(mdb.env_get_flags(self.env, &flags), "mdb_env_get_flags")
        return {
            "readonly": bool(flags & READ_ONLY),
            "metasync": not flags & NO_META_SYNC,
            "sync": not flags & NO_SYNC,
            "writemap": bool(flags & WRITE_MAP),
            "meminit": not flags & NO_MEMORY_INIT,
        }

    def set_mapsize(self, size_t map_size):
        """No transaction may be open.  0 takes the size that another process has given the map."""
        self.need_open()
        assert self.open == 0, "the map moves"
        succeeded(mdb.env_set_mapsize(self.env, map_size), "mdb_env_set_mapsize")

    def sync(self, bint force=False):
        cdef int code
        self.need_open()
        with nogil:
            code = mdb.env_sync(self.env, force)
        succeeded(code, "mdb_env_sync")

    def copyfd(self, int fd, bint compact=False, Transaction txn=None):
        """Write what ``txn`` sees to a file."""
        cdef Txn source = NULL if txn is None else txn.txn
        cdef int code
        self.need_open()
        with nogil:
            code = mdb.env_copyfd3(self.env, fd, COMPACT if compact else 0, source)
        succeeded(code, "mdb_env_copyfd3")

    def reader_check(self):
        """Clear the slots of readers whose processes are gone; how many there were."""
        cdef int dead = 0
        self.need_open()
        succeeded(mdb.reader_check(self.env, &dead), "mdb_reader_check")
        return dead

    def close(self):
        """Again is no harm.  No transaction may be open."""
        if self.env != NULL:
            assert self.open == 0, "the map goes"
            self.release()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()


cdef dict as_dict(Stat* stat):
    return {
        "psize": stat.page_size,
        "depth": stat.depth,
        "branch_pages": stat.branch_pages,
        "leaf_pages": stat.leaf_pages,
        "overflow_pages": stat.overflow_pages,
        "entries": stat.entries,
    }


@cython.freelist(16)
@cython.final
cdef class Transaction:
    """See ``lmdb.Transaction``."""

    cdef Environment environment
    cdef Txn txn
    # NULL when it has ended.
    cdef Cur writer
    # Of ``apply``; LMDB closes it with the transaction.
    cdef bint writes
    cdef unsigned long mutations

    def __dealloc__(self):
        if self.txn != NULL:
            self.end_by_abort()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.txn == NULL:
            return
        if error is None and self.writes:
            self.commit()
        else:
            self.end_by_abort()

    cdef int need_open(self) except -1:
        if self.txn == NULL:
            raise lmdb.Error("Attempt to operate on closed/deleted/dropped object.")
        return 0

    cdef void end_by_abort(self) noexcept:
        cdef Environment environment = self.environment
        cdef Txn txn = self.txn
        self.txn = NULL
        environment.open -= 1
        if not self.writes and environment.spare_count < environment.spares_max:
            mdb.txn_reset(txn)
            environment.spares[environment.spare_count] = txn
            environment.spare_count += 1
        else:
            mdb.txn_abort(txn)

    def commit(self):
        cdef Txn txn = self.txn
        cdef int code
        self.need_open()
        if not self.writes:
            self.end_by_abort()
            return
        self.txn = NULL
        if self.environment.in_place:
            code = mdb.txn_commit(txn)
        else:
            with nogil:
                code = mdb.txn_commit(txn)
        self.environment.open -= 1
        if code:
            succeeded(code, "mdb_txn_commit")

    def abort(self):
        if self.txn != NULL:
            self.end_by_abort()

    def id(self):
        if self.txn == NULL:
            self.need_open()
        return mdb.txn_id(self.txn)

    def stat(self):
        cdef Stat stat
        self.need_open()
        succeeded(mdb.stat(self.txn, MAIN, &stat), "mdb_stat")
        return as_dict(&stat)

    def get(self, key):
        """The value, None when there is none."""
        cdef Value sought, found
        cdef View view
        cdef Call call
        cdef int code
        if self.txn == NULL:
            self.need_open()
        open_view(key, &view)
        as_value(&view, &sought)
        enter(self.environment, &call)
        code = mdb.get(self.txn, MAIN, &sought, &found)
        leave(self.environment, &call)
        close_view(&view)
        if code == 0:
            return view_of(&found)
        if code == NOT_FOUND:
            return None
        succeeded(code, "mdb_get")

    def put(self, key, value):
        """Store a value, in place of what was there."""
        cdef View key_view, value_view
        cdef Value at, stored
        cdef Call call
        cdef int code
        if self.txn == NULL:
            self.need_open()
        open_views(key, value, &key_view, &value_view)
        as_value(&key_view, &at)
        as_value(&value_view, &stored)
        enter(self.environment, &call)
        code = mdb.put(self.txn, MAIN, &at, &stored, 0)
        leave(self.environment, &call)
        close_view(&value_view)
        close_view(&key_view)
        self.mutations += 1
        if code:
            succeeded(code, "mdb_put")
        return True

    def delete(self, key):
        """Whether there was anything."""
        cdef View view
        cdef Value at
        cdef Call call
        cdef int code
        if self.txn == NULL:
            self.need_open()
        open_view(key, &view)
        as_value(&view, &at)
        enter(self.environment, &call)
        code = mdb.remove(self.txn, MAIN, &at, NULL)
        leave(self.environment, &call)
        close_view(&view)
        self.mutations += 1
        if code and code != NOT_FOUND:
            succeeded(code, "mdb_del")
        return code == 0

    def pop(self, key):
        """Delete an entry; a copy of its value, None when there was none."""
        value = self.get(key)
        if value is None:
            return None
        copy = bytes(value)
        self.delete(key)
        return copy

    def replace(self, key, value):
        """Store a value; a copy of what was there, None without anything."""
        before = self.get(key)
        copy = None if before is None else bytes(before)
        self.put(key, value)
        return copy

    def cursor(self):
        cdef Cursor cursor = Cursor.__new__(Cursor)
        self.need_open()
        succeeded(mdb.cursor_open(self.txn, MAIN, &cursor.cursor), "mdb_cursor_open")
        cursor.transaction = self
        return cursor

    def apply(self, changes, dict counters not None, Py_ssize_t most_key_bytes, bint hashed):
        """Carry out changes in order: of each the ``deletes`` (keys), then the ``puts`` (pairs).

        Returns what that adds to the digest of all entries, modulo 2**64; 0 unless ``hashed``.  Rows of ``counters``
        (deltas by key) that are deleted or put lose their deltas; then the deltas of the change's own ``counters`` are
        added.  When a key is longer than ``most_key_bytes`` it returns None, and nothing has happened.
        """
        cdef Batch batch = Batch.__new__(Batch)
        if self.txn == NULL:
            self.need_open()
        for change in changes:
            if not batch.take(change.deletes, change.puts, most_key_bytes):
                return None
        for change in changes:
            count_change(counters, change.deletes, change.puts, change.counters)
        return self.carry_out(batch, hashed) if batch.count else 0

    cdef object carry_out(self, Batch batch, bint hashed):
        cdef uint64_t digest = 0
        cdef Py_ssize_t place
        cdef Call call
        cdef int code = 0
        if self.writer == NULL:
            succeeded(mdb.cursor_open(self.txn, MAIN, &self.writer), "mdb_cursor_open")
        self.mutations += 1
        if batch.count > WRITES_MAX_LOCKED:
            with nogil:
                for place in range(batch.count):
                    code = write_one(self.writer, &batch.writes[place], hashed, &digest)
                    if code:
                        break
        else:
            enter(self.environment, &call)
            for place in range(batch.count):
                code = write_one(self.writer, &batch.writes[place], hashed, &digest)
                if code:
                    break
            leave(self.environment, &call)
        if code:
            succeeded(code, "mdb_cursor_put")
        return digest


cdef inline void as_value(View* view, Value* value) noexcept:
    value.data = <void*>view.data
    value.size = view.end - view.data


cdef inline object view_of(Value* value):
    return PyMemoryView_FromMemory(<char*>value.data, value.size, PyBUF_READ)


cdef inline void enter(Environment environment, Call* call) noexcept:
    call.state = NULL
    if environment.in_place:
        return
    if environment.patience > 0:
        environment.patience -= 1
        call.state = PyEval_SaveThread()
    call.started = monotonic_ns()


cdef inline void leave(Environment environment, Call* call) noexcept:
    cdef bint slow
    if environment.in_place:
        return
    slow = monotonic_ns() - call.started > SLOW_NS
    if call.state != NULL:
        PyEval_RestoreThread(call.state)
    if slow:
        environment.patience = PATIENCE


cdef class Batch:
    """Writes to be carried out together.  It keeps what they point into."""

    cdef Write* writes
    cdef Py_ssize_t count
    cdef Py_ssize_t capacity
    cdef list kept

    def __dealloc__(self):
        PyMem_Free(self.writes)

    cdef bint take(self, deletes, puts, Py_ssize_t most_key_bytes) except -1:
        """Add the writes of a change; False when a key is too long."""
        for key in deletes:
            if not self.add(key, None, most_key_bytes):
                return False
        for pair in puts:
            key, value = pair
            if not self.add(key, value, most_key_bytes):
                return False
        return True

    cdef bint add(self, bytes key, object value, Py_ssize_t most_key_bytes) except -1:
        cdef Write* write
        if PyBytes_GET_SIZE(key) > most_key_bytes:
            return False
        if self.count == self.capacity:
            self.grow()
        write = &self.writes[self.count]
        write.key.data = PyBytes_AS_STRING(key)
        write.key.size = PyBytes_GET_SIZE(key)
        write.is_delete = value is None
        if value is not None:
            if not PyBytes_CheckExact(value):
                raise TypeError("what is stored are bytes")
            write.value.data = PyBytes_AS_STRING(value)
            write.value.size = PyBytes_GET_SIZE(value)
        self.count += 1
        return True

    cdef int grow(self) except -1:
        cdef Py_ssize_t capacity = 2 * self.capacity + 8
        cdef void* writes = PyMem_Realloc(self.writes, capacity * sizeof(Write))
        if writes == NULL:
            raise MemoryError
        self.writes = <Write*>writes
        self.capacity = capacity
        return 0


cdef int count_change(dict totals, deletes, puts, counters) except -1:
    if totals:
        for key in deletes:
            totals.pop(key, None)
        for pair in puts:
            totals.pop(pair[0], None)
    for key, deltas in counters:
        known = totals.get(key)
        totals[key] = deltas if known is None else tuple([a + b for a, b in zip(known, deltas)])
    return 0


cdef int write_one(Cur cursor, Write* write, bint hashed, uint64_t* digest) noexcept nogil:
    """Delete or put, and keep the digest in step."""
    cdef Value before
    cdef int code
    cdef const uint8_t* key = <const uint8_t*>write.key.data
    if write.is_delete:
        code = mdb.cursor_get(cursor, &write.key, &before, GO_THERE)
        if code:
            return 0 if code == NOT_FOUND else code
        if hashed:
            digest[0] -= hash_of(key, write.key.size, <const uint8_t*>before.data, before.size)
        return mdb.cursor_del(cursor, 0)
    before = write.value
    code = mdb.cursor_put(cursor, &write.key, &before, NO_OVERWRITE)
    if code == KEY_EXISTS:
        if hashed:
            digest[0] -= hash_of(key, write.key.size, <const uint8_t*>before.data, before.size)
        before = write.value
        code = mdb.cursor_put(cursor, &write.key, &before, CURRENT)
    if hashed:
        digest[0] += hash_of(key, write.key.size, <const uint8_t*>write.value.data, write.value.size)
    return code


@cython.final
cdef class Cursor:
    """See ``lmdb.Cursor``."""

    cdef Transaction transaction
    cdef Cur cursor
    cdef Value at
    cdef Value found
    cdef bint placed
    cdef unsigned long mutations

    def __dealloc__(self):
        # LMDB itself closes the cursors of a write transaction when that ends.
        if self.cursor != NULL and not (self.transaction.writes and self.transaction.txn == NULL):
            mdb.cursor_close(self.cursor)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        if self.cursor != NULL:
            if not (self.transaction.writes and self.transaction.txn == NULL):
                mdb.cursor_close(self.cursor)
            self.cursor = NULL
            self.placed = False

    cdef bint go(self, int operation) except -1:
        """Move; whether there is an entry."""
        cdef Call call
        cdef int code
        if self.cursor == NULL or self.transaction.txn == NULL:
            raise lmdb.Error("Attempt to operate on closed/deleted/dropped object.")
        enter(self.transaction.environment, &call)
        code = mdb.cursor_get(self.cursor, &self.at, &self.found, operation)
        leave(self.transaction.environment, &call)
        self.mutations = self.transaction.mutations
        self.placed = code == 0
        # EINVAL: there is no entry at hand, of an empty tree or behind the last one.
        if code and code != NOT_FOUND and not (code == 22 and operation == GO_CURRENT):
            succeeded(code, "mdb_cursor_get")
        return self.placed

    cdef bint look(self) except -1:
        """See that what is known of the entry at hand is still where it was; whether there is one."""
        if self.placed and (self.mutations != self.transaction.mutations or self.transaction.txn == NULL):
            self.go(GO_CURRENT)
        return self.placed

    cdef bint go_to(self, key, int operation) except -1:
        cdef View view
        open_view(key, &view)
        try:
            as_value(&view, &self.at)
            return self.go(operation)
        finally:
            close_view(&view)

    def first(self):
        return self.go(GO_FIRST)

    def last(self):
        return self.go(GO_LAST)

    def next(self):
        return self.go(GO_NEXT)

    def prev(self):
        return self.go(GO_PREVIOUS)

    def set_range(self, key):
        """Go to the first entry that is not below a key; of the empty one to the first of all."""
        if not key:
            return self.go(GO_FIRST)
        return self.go_to(key, GO_RANGE)

    def set_key(self, key):
        return self.go_to(key, GO_KEY)

    def key(self):
        return view_of(&self.at) if self.look() else b""

    def value(self):
        return view_of(&self.found) if self.look() else b""

    def item(self):
        return (view_of(&self.at), view_of(&self.found)) if self.look() else (b"", b"")

    def delete(self):
        """Delete the entry at hand, and go to the one behind it; whether there was one."""
        if not self.look():
            return False
        succeeded(mdb.cursor_del(self.cursor, 0), "mdb_cursor_del")
        self.transaction.mutations += 1
        self.go(GO_CURRENT)
        return True

    def __iter__(self):
        return self.iternext()

    def iternext(self, bint keys=True, bint values=True):
        """The entry at hand, or the first, and those behind it."""
        return steps(self, GO_FIRST, GO_NEXT, keys, values)

    def iterprev(self, bint keys=True, bint values=True):
        """The entry at hand, or the last, and those before it."""
        return steps(self, GO_LAST, GO_PREVIOUS, keys, values)


cdef Steps steps(Cursor cursor, int begin, int onward, bint keys, bint values):
    cdef Steps found = Steps.__new__(Steps)
    found.cursor = cursor
    found.onward = onward
    found.keys = keys
    found.values = values
    found.fresh = cursor.look() or cursor.go(begin)
    found.ended = not found.fresh
    return found


@cython.final
cdef class Steps:
    cdef Cursor cursor
    cdef int onward
    cdef bint keys
    cdef bint values
    cdef bint fresh
    cdef bint ended

    def __iter__(self):
        return self

    def __next__(self):
        cdef Cursor cursor = self.cursor
        if self.fresh:
            self.fresh = False
            if not cursor.look():
                self.ended = True
        elif not self.ended and not cursor.go(self.onward):
            self.ended = True
        if self.ended:
            raise StopIteration
        if not self.values:
            return view_of(&cursor.at)
        if not self.keys:
            return view_of(&cursor.found)
        return view_of(&cursor.at), view_of(&cursor.found)
