"""LMDB's C functions as the package ``lmdb`` has them in its extension module, for ``environments`` to call.

They are those of the 0.9 series, with the prefix that the package gives them, since it has those of 1.0 beside them.
Where they cannot be found (another build of the package, Windows), ``are_found`` is False and nothing here may be
called.
"""

import errno
import os

import lmdb

try:
    from lmdb.cpython import __file__ as EXTENSION
except ImportError:
    EXTENSION = None


cdef extern from *:
    """
    #if defined(_WIN32)
    static void* symbol_of(const char* file, const char* name) { return 0; }
    #else
    #include <dlfcn.h>
    #if !defined(RTLD_NOLOAD)
    #define RTLD_NOLOAD 0
    #endif
    /* Of a library that is loaded already, which stays: whoever loaded it never gives it back. */
    static void* symbol_of(const char* file, const char* name) {
        void* library = dlopen(file, RTLD_LAZY | RTLD_NOLOAD);
        void* found = library ? dlsym(library, name) : 0;
        if (library)
            dlclose(library);
        return found;
    }
    #endif
    """
    void* symbol_of(const char* file, const char* name)


NAMES = (
    "version",
    "strerror",
    "env_create",
    "env_set_mapsize",
    "env_set_maxreaders",
    "env_open",
    "env_get_flags",
    "env_info",
    "env_stat",
    "env_sync",
    "env_copyfd3",
    "env_close",
    "reader_check",
    "txn_begin",
    "txn_renew",
    "txn_reset",
    "txn_commit",
    "txn_abort",
    "txn_id",
    "dbi_open",
    "stat",
    "get",
    "put",
    "del",
    "cursor_open",
    "cursor_close",
    "cursor_get",
    "cursor_put",
    "cursor_del",
)
"""In the order of the members of ``Functions``."""


cdef bint find_functions() except -1:
    cdef void** members = <void**>&mdb
    cdef int major = 0, minor = 0, patch = 0
    if EXTENSION is None:
        return False
    assert sizeof(Functions) == len(NAMES) * sizeof(void*)
    file = os.fsencode(EXTENSION)
    for place, name in enumerate(NAMES):
        members[place] = symbol_of(file, b"mdb09_" + name.encode())
        if members[place] == NULL:
            return False
    mdb.version(&major, &minor, &patch)
    return major == 0 and minor == 9


are_found = find_functions()


def finds_lmdb():
    return are_found


ERRORS = {
    -30799: lmdb.KeyExistsError,
    -30798: lmdb.NotFoundError,
    -30797: lmdb.PageNotFoundError,
    -30796: lmdb.CorruptedError,
    -30795: lmdb.PanicError,
    -30794: lmdb.VersionMismatchError,
    -30793: lmdb.InvalidError,
    -30792: lmdb.MapFullError,
    -30791: lmdb.DbsFullError,
    -30790: lmdb.ReadersFullError,
    -30789: lmdb.TlsFullError,
    -30788: lmdb.TxnFullError,
    -30787: lmdb.CursorFullError,
    -30786: lmdb.PageFullError,
    -30785: lmdb.MapResizedError,
    -30784: lmdb.IncompatibleError,
    -30783: lmdb.BadRslotError,
    -30782: lmdb.BadTxnError,
    -30781: lmdb.BadValsizeError,
    -30780: lmdb.BadDbiError,
    errno.EAGAIN: lmdb.LockError,
    errno.ENOMEM: lmdb.MemoryError,
    errno.EACCES: lmdb.ReadonlyError,
    errno.EINVAL: lmdb.InvalidParameterError,
    errno.ENOSPC: lmdb.DiskError,
}
"""As the package raises them: LMDB's own numbers are negative, the system's positive."""


cdef int succeeded(int code, str what) except -1:
    """Raise the package's exception for a code that is not 0."""
    if code == 0:
        return 0
    reason = mdb.strerror(code).decode(errors="replace")
    error = ERRORS.get(code, lmdb.Error)(f"{what}: {reason}")
    error.what, error.code, error.reason = what, code, reason
    raise error


cdef int raise_closed() except -1:
    """As the package does for what was closed, or has ended."""
    raise lmdb.Error("Attempt to operate on closed/deleted/dropped object.")
