"""The interpreter's lock around calls of LMDB.

A call that only touches memory keeps it: giving it up for a microsecond costs several when other threads want it, since
each takes it and has to be waited for.  One call cannot be known to be short, but those before it tell: after a call
that took long, which is to say one that waited for the disk, the next few are made without the lock.
"""

from cpython.pystate cimport PyThreadState
from libc.stdint cimport int64_t


cdef extern from "Python.h":
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
    SLOW_NS = 100000
    UNLOCKED_AFTER_SLOW = 64


cdef struct Calls:
    # What is known of the calls of one environment.
    bint in_memory
    # No call waits for a disk.
    int unlocked
    # How many of the next short calls are made without the lock.
    Py_ssize_t under_way
    # Calls that are being made without it.


cdef struct Call:
    PyThreadState* state
    int64_t started


cdef inline void begin_long(Calls* calls, Call* call) noexcept:
    """Give the lock up."""
    calls.under_way += 1
    call.started = 0
    call.state = PyEval_SaveThread()


cdef inline void end_long(Calls* calls, Call* call) noexcept:
    PyEval_RestoreThread(call.state)
    calls.under_way -= 1


cdef inline void begin_short(Calls* calls, Call* call) noexcept:
    """Keep the lock, unless the call may wait for the disk."""
    call.state = NULL
    call.started = 0
    if calls.in_memory:
        return
    if calls.unlocked > 0:
        calls.unlocked -= 1
        begin_long(calls, call)
    call.started = monotonic_ns()


cdef inline void end_short(Calls* calls, Call* call) noexcept:
    cdef bint slow
    if calls.in_memory:
        return
    slow = monotonic_ns() - call.started > SLOW_NS
    if call.state != NULL:
        end_long(calls, call)
    if slow:
        calls.unlocked = UNLOCKED_AFTER_SLOW
