"""Environments of LMDB, opened by its C functions: the package's interface, as far as storage uses it, and its errors.

Two things are different here.  A call that only touches memory keeps the interpreter's lock (``calls``).  And many
writes are one call (``Transaction.apply``), which gives the lock up for as long as it takes.

Values are memoryviews into the map; they live until the transaction ends or is next written to.  A transaction belongs
to one thread at a time, a write transaction to the one that began it.  An environment belongs to one process: in a
forked child nothing of it can be used, and what the child drops is dropped without a touch, for the table of readers
and the lock of writers are memory that it shares with its parent.

The classes take no part in the collection of cycles: they refer to nothing but each other, cursors to transactions and
those to their environment.  What is torn out of a cycle around them must find its references whole when it ends.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

import os
from threading import get_ident

import lmdb

from ddbengine._core.batches cimport Batch, add_counters
from ddbengine._core.buffers cimport View, close_view, open_view, open_views
from ddbengine._core.calls cimport Call, Calls, begin_long, begin_short, end_long, end_short
from ddbengine._core.cursors cimport Cursor
from ddbengine._core.lmdb_functions cimport (
    COMPACT,
    KEY_EXISTS,
    MAIN,
    NO_MEMORY_INIT,
    NO_META_SYNC,
    NO_OVERWRITE,
    NO_SYNC,
    NO_TLS,
    NOT_FOUND,
    READ_ONLY,
    WRITE_MAP,
    Env,
    Info,
    Stat,
    Txn,
    Value,
    are_found,
    mdb,
    raise_closed,
    succeeded,
)


cdef extern from *:
    """
    static int forks = 0;
    #if defined(_WIN32)
    static int count_forks(void) { return 0; }
    #else
    #include <pthread.h>
    static void was_forked(void) { forks++; }
    static int count_forks(void) { return pthread_atfork(NULL, NULL, was_forked); }
    #endif
    """
    int forks
    # How often this process, or who it was forked off from, was forked off.
    int count_forks()


cdef enum:
    LOCKED_MAX_WRITES = 8
    # More at once are made without the interpreter's lock.

cdef Py_ssize_t SPARES_MAX = 1 << 16

if count_forks():
    raise MemoryError


@cython.final
@cython.no_gc
cdef class Environment:
    """See ``lmdb.Environment``; made by what ``lmdb.open`` takes."""

    def __cinit__(
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
        if not are_found:
            raise RuntimeError("LMDB's functions were not found")
        if b"\0" in place:
            raise ValueError("a path has no null in it")
        if not 0 <= max_spare_txns <= SPARES_MAX:
            raise ValueError(f"max_spare_txns is from 0 to {SPARES_MAX}")
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
        self.forks = forks
        self.calls.in_memory = writemap and not sync
        self.spares = <Txn*>PyMem_Malloc(max_spare_txns * sizeof(Txn))
        if self.spares == NULL:
            raise MemoryError
        self.spares_max = max_spare_txns
        succeeded(mdb.env_create(&self.env), "mdb_env_create")
        try:
            succeeded(mdb.env_set_mapsize(self.env, map_size), "mdb_env_set_mapsize")
            succeeded(mdb.env_set_maxreaders(self.env, max_readers), "mdb_env_set_maxreaders")
            self.open_files(path, place, flags)
        except BaseException:
            mdb.env_close(self.env)
            self.env = NULL
            raise

    def __dealloc__(self):
        if self.env != NULL:
            self.release()
        PyMem_Free(self.spares)

    cdef int open_files(self, str path, const char* place, unsigned int flags) except -1:
        cdef Txn txn
        cdef unsigned int tree
        cdef int code
        with nogil:
            code = mdb.env_open(self.env, place, flags, 0o644)
        succeeded(code, path)
        with nogil:
            code = mdb.txn_begin(self.env, NULL, READ_ONLY, &txn)
        succeeded(code, "mdb_txn_begin")
        # LMDB wants a tree opened once before it is used, be it the one without a name.
        code = mdb.dbi_open(txn, NULL, 0, &tree)
        if code:
            mdb.txn_abort(txn)
        else:
            code = mdb.txn_commit(txn)
        return succeeded(code, "mdb_dbi_open")

    cdef void release(self) noexcept:
        cdef Env env = self.env
        self.drop_spares()
        self.env = NULL
        if self.forks == forks:
            mdb.env_close(env)

    cdef void drop_spares(self) noexcept:
        while self.spare_count:
            self.spare_count -= 1
            if self.forks == forks:
                mdb.txn_abort(self.spares[self.spare_count])

    cdef int need_open(self) except -1:
        if self.env == NULL:
            raise_closed()
        if self.forks != forks:
            raise lmdb.Error("The environment was opened before this process was forked off.")
        return 0

    cdef int need_nobody(self) except -1:
        """Before the map goes: end the reads that are open; who has one is told so when it goes on with it."""
        if self.calls.under_way:
            raise lmdb.Error("A call is under way in another thread.")
        if self.writer is not None and self.writer != get_ident():
            raise lmdb.Error("A write transaction is open in another thread.")
        while self.newest != NULL:
            (<Transaction>self.newest).end_by_abort()
        return 0

    def begin(self, db=None, parent=None, bint write=False, bint buffers=False):
        """A transaction.  ``db`` and ``parent`` are None and ``buffers`` says nothing: values are memoryviews."""
        cdef Transaction transaction
        cdef Txn txn = NULL
        cdef int code
        if self.env == NULL or self.forks != forks:
            self.need_open()
        if db is not None or parent is not None:
            raise TypeError("there is one tree, and no transaction inside another")
        # Made first, so that nothing can fail once LMDB has begun.
        transaction = Transaction.__new__(Transaction)
        if self.spare_count and not write:
            self.spare_count -= 1
            txn = self.spares[self.spare_count]
            code = mdb.txn_renew(txn)
            if code:
                mdb.txn_abort(txn)
                succeeded(code, "mdb_txn_renew")
        else:
            self.begin_anew(write, &txn)
        transaction.txn = txn
        transaction.writes = write
        transaction.environment = self
        transaction.older = self.newest
        if self.newest != NULL:
            (<Transaction>self.newest).newer = <PyObject*>transaction
        self.newest = <PyObject*>transaction
        return transaction

    cdef int begin_anew(self, bint write, Txn* txn) except -1:
        cdef Call call
        cdef int code
        cdef object thread = get_ident() if write else None
        if write and self.writer == thread:
            raise lmdb.Error("A write transaction is open in this thread, and would be waited for without end.")
        # For the lock of writers or readers, which may be somebody else's.
        begin_long(&self.calls, &call)
        code = mdb.txn_begin(self.env, NULL, 0 if write else READ_ONLY, txn)
        end_long(&self.calls, &call)
        succeeded(code, "mdb_txn_begin")
        if write:
            self.writer = thread
        return 0

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
        """Reads that are open end; a write is not open.  0 takes the size that another process has given the map."""
        cdef int code
        self.need_open()
        if self.writer is not None:
            raise lmdb.Error("A write transaction is open.")
        self.need_nobody()
        code = mdb.env_set_mapsize(self.env, map_size)
        if code:
            # There is no map, and LMDB may take the old one for its own still: it must not be let near it again.
            self.drop_spares()
            self.env = NULL
            succeeded(code, "mdb_env_set_mapsize")

    def sync(self, bint force=False):
        cdef Call call
        cdef int code
        self.need_open()
        begin_long(&self.calls, &call)
        code = mdb.env_sync(self.env, force)
        end_long(&self.calls, &call)
        succeeded(code, "mdb_env_sync")

    def copyfd(self, int fd, bint compact=False, Transaction txn=None):
        """Write what ``txn`` sees, or else what is committed, to a file."""
        cdef Txn source = NULL
        cdef Call call
        cdef int code
        self.need_open()
        if txn is not None:
            txn.need_open()
            if txn.environment is not self:
                raise lmdb.Error("The transaction is of another environment.")
            source = txn.txn
        begin_long(&self.calls, &call)
        code = mdb.env_copyfd3(self.env, fd, COMPACT if compact else 0, source)
        end_long(&self.calls, &call)
        succeeded(code, "mdb_env_copyfd3")

    def reader_check(self):
        """Clear the slots of readers whose processes are gone; how many there were."""
        cdef Call call
        cdef int code, dead = 0
        self.need_open()
        begin_long(&self.calls, &call)
        code = mdb.reader_check(self.env, &dead)
        end_long(&self.calls, &call)
        succeeded(code, "mdb_reader_check")
        return dead

    def close(self):
        """End the transactions that are open, and release everything.  Again is no harm."""
        if self.env != NULL:
            if self.forks == forks:
                self.need_nobody()
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
@cython.no_gc
cdef class Transaction:
    """See ``lmdb.Transaction``."""

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
            raise_closed()
        if self.environment.forks != forks:
            self.environment.need_open()
        return 0

    cdef Txn leave(self) noexcept:
        """It has ended, as far as Python is concerned."""
        cdef Environment environment = self.environment
        cdef Txn txn = self.txn
        self.txn = NULL
        if self.writes:
            environment.writer = None
        if self.older != NULL:
            (<Transaction>self.older).newer = self.newer
        if self.newer != NULL:
            (<Transaction>self.newer).older = self.older
        else:
            environment.newest = self.older
        self.older = self.newer = NULL
        return txn

    cdef void end_by_abort(self) noexcept:
        cdef Environment environment = self.environment
        cdef Txn txn = self.leave()
        if environment.forks != forks:
            return
        if not self.writes and environment.spare_count < environment.spares_max:
            mdb.txn_reset(txn)
            environment.spares[environment.spare_count] = txn
            environment.spare_count += 1
        else:
            mdb.txn_abort(txn)

    def commit(self):
        cdef Environment environment = self.environment
        cdef Txn txn
        cdef Call call
        cdef int code
        self.need_open()
        if not self.writes:
            self.end_by_abort()
            return
        # Before the call: as soon as LMDB lets the next writer in, that one may be first to have Python's lock.
        txn = self.leave()
        if environment.calls.in_memory:
            code = mdb.txn_commit(txn)
        else:
            begin_long(&environment.calls, &call)
            code = mdb.txn_commit(txn)
            end_long(&environment.calls, &call)
        succeeded(code, "mdb_txn_commit")

    def abort(self):
        """Again, or after a commit, is no harm."""
        if self.txn != NULL:
            self.end_by_abort()

    def id(self):
        self.need_open()
        return mdb.txn_id(self.txn)

    def stat(self):
        cdef Stat stat
        self.need_open()
        succeeded(mdb.stat(self.txn, MAIN, &stat), "mdb_stat")
        return as_dict(&stat)

    cpdef get(self, key):
        """The value, None when there is none."""
        cdef Value sought, found
        cdef View view
        cdef Call call
        cdef int code
        self.need_open()
        open_view(key, &view)
        as_value(&view, &sought)
        begin_short(&self.environment.calls, &call)
        code = mdb.get(self.txn, MAIN, &sought, &found)
        end_short(&self.environment.calls, &call)
        close_view(&view)
        if code == 0:
            return view_of(&found)
        if code == NOT_FOUND:
            return None
        succeeded(code, "mdb_get")

    def put(self, key, value):
        """Store a value, in place of what was there."""
        cdef View key_view, value_view
        cdef Value stored
        cdef int code
        self.need_open()
        open_views(key, value, &key_view, &value_view)
        as_value(&value_view, &stored)
        code = self.store(&key_view, &stored, 0)
        close_view(&value_view)
        close_view(&key_view)
        succeeded(code, "mdb_put")
        return True

    def replace(self, key, value):
        """Store a value; a copy of what was there, None without anything."""
        cdef View key_view, value_view
        cdef Value stored
        cdef int code
        cdef bytes before = None
        self.need_open()
        open_views(key, value, &key_view, &value_view)
        try:
            as_value(&value_view, &stored)
            code = self.store(&key_view, &stored, NO_OVERWRITE)
            if code == KEY_EXISTS:
                # It has said what is there.
                before = PyBytes_FromStringAndSize(<char*>stored.data, stored.size)
                as_value(&value_view, &stored)
                code = self.store(&key_view, &stored, 0)
        finally:
            close_view(&value_view)
            close_view(&key_view)
        succeeded(code, "mdb_put")
        return before

    cdef int store(self, View* key, Value* value, unsigned int flags) noexcept:
        cdef Value at
        cdef Call call
        cdef int code
        as_value(key, &at)
        begin_short(&self.environment.calls, &call)
        code = mdb.put(self.txn, MAIN, &at, value, flags)
        end_short(&self.environment.calls, &call)
        self.mutations += 1
        return code

    def delete(self, key):
        """Whether there was anything."""
        cdef View view
        cdef Value at
        cdef Call call
        cdef int code
        self.need_open()
        open_view(key, &view)
        as_value(&view, &at)
        begin_short(&self.environment.calls, &call)
        code = mdb.remove(self.txn, MAIN, &at, NULL)
        end_short(&self.environment.calls, &call)
        close_view(&view)
        self.mutations += 1
        if code == NOT_FOUND:
            return False
        succeeded(code, "mdb_del")
        return True

    def pop(self, key):
        """Delete an entry; a copy of its value, None when there was none."""
        value = self.get(key)
        if value is None:
            return None
        copy = bytes(value)
        self.delete(key)
        return copy

    def cursor(self):
        cdef Cursor cursor = Cursor.__new__(Cursor)
        self.need_open()
        succeeded(mdb.cursor_open(self.txn, MAIN, &cursor.cursor), "mdb_cursor_open")
        cursor.transaction = self
        cursor.mutations = self.mutations
        return cursor

    cpdef apply(self, changes, dict counters, Py_ssize_t most_key_bytes, bint hashed, int never_first=-1):
        """Carry out a sequence of changes in order: of each the ``deletes`` (keys), then the ``puts`` (pairs).

        Returns what that adds to the digest of all entries, modulo 2**64; 0 unless ``hashed``.  Rows of ``counters``
        (deltas by key) that are deleted or put lose their deltas; then the deltas of the change's own ``counters`` are
        added.  When a key is longer than ``most_key_bytes``, or begins with the byte ``never_first``, it returns None, and
        nothing has happened.  When it raises, something may have, and the transaction has to be aborted.
        """
        cdef Batch batch = Batch.__new__(Batch)
        self.need_open()
        if not self.writes:
            raise lmdb.ReadonlyError("a read transaction writes nothing")
        if changes is None or counters is None:
            raise TypeError("there are changes and counters, or none of them")
        for change in changes:
            if not batch.take(change.deletes, change.puts, most_key_bytes, never_first):
                return None
        for change in changes:
            add_counters(counters, change.deletes, change.puts, change.counters)
        # What has just run may have been anybody's Python.
        self.need_open()
        return self.carry_out(batch, hashed) if batch.count else 0

    cdef object carry_out(self, Batch batch, bint hashed):
        cdef Calls* calls = &self.environment.calls
        cdef uint64_t digest = 0
        cdef bint long = batch.count > LOCKED_MAX_WRITES
        cdef Call call
        cdef int code
        if self.writer == NULL:
            succeeded(mdb.cursor_open(self.txn, MAIN, &self.writer), "mdb_cursor_open")
        self.mutations += 1
        if long:
            begin_long(calls, &call)
        else:
            begin_short(calls, &call)
        code = batch.carry_out(self.writer, hashed, &digest)
        if long:
            end_long(calls, &call)
        else:
            end_short(calls, &call)
        succeeded(code, "mdb_cursor_put")
        return digest

