"""LMDB's C functions, found at run time (lmdb_functions.pyx)."""


cdef struct Value:
    # MDB_val
    size_t size
    void* data


cdef struct Stat:
    # MDB_stat
    unsigned int page_size
    unsigned int depth
    size_t branch_pages
    size_t leaf_pages
    size_t overflow_pages
    size_t entries


cdef struct Info:
    # MDB_envinfo
    void* address
    size_t map_size
    size_t last_page
    size_t last_transaction
    unsigned int max_readers
    unsigned int readers


ctypedef void* Env
ctypedef void* Txn
ctypedef void* Cur

cdef struct Functions:
    char* (*version)(int* major, int* minor, int* patch) noexcept nogil
    char* (*strerror)(int code) noexcept nogil
    int (*env_create)(Env* env) noexcept nogil
    int (*env_set_mapsize)(Env env, size_t size) noexcept nogil
    int (*env_set_maxreaders)(Env env, unsigned int readers) noexcept nogil
    int (*env_open)(Env env, const char* path, unsigned int flags, unsigned int mode) noexcept nogil
    int (*env_get_flags)(Env env, unsigned int* flags) noexcept nogil
    int (*env_info)(Env env, Info* info) noexcept nogil
    int (*env_stat)(Env env, Stat* stat) noexcept nogil
    int (*env_sync)(Env env, int force) noexcept nogil
    int (*env_copyfd3)(Env env, int file, unsigned int flags, Txn txn) noexcept nogil
    void (*env_close)(Env env) noexcept nogil
    int (*reader_check)(Env env, int* dead) noexcept nogil
    int (*txn_begin)(Env env, Txn parent, unsigned int flags, Txn* txn) noexcept nogil
    int (*txn_renew)(Txn txn) noexcept nogil
    void (*txn_reset)(Txn txn) noexcept nogil
    int (*txn_commit)(Txn txn) noexcept nogil
    void (*txn_abort)(Txn txn) noexcept nogil
    size_t (*txn_id)(Txn txn) noexcept nogil
    int (*dbi_open)(Txn txn, const char* name, unsigned int flags, unsigned int* dbi) noexcept nogil
    int (*stat)(Txn txn, unsigned int dbi, Stat* stat) noexcept nogil
    int (*get)(Txn txn, unsigned int dbi, Value* key, Value* value) noexcept nogil
    int (*put)(Txn txn, unsigned int dbi, Value* key, Value* value, unsigned int flags) noexcept nogil
    # "delete" is a word of C++
    int (*remove)(Txn txn, unsigned int dbi, Value* key, Value* value) noexcept nogil
    int (*cursor_open)(Txn txn, unsigned int dbi, Cur* cursor) noexcept nogil
    void (*cursor_close)(Cur cursor) noexcept nogil
    int (*cursor_get)(Cur cursor, Value* key, Value* value, int operation) noexcept nogil
    int (*cursor_put)(Cur cursor, Value* key, Value* value, unsigned int flags) noexcept nogil
    int (*cursor_del)(Cur cursor, unsigned int flags) noexcept nogil


cdef enum:
    # Codes that are answers,
    NOT_FOUND = -30798
    KEY_EXISTS = -30799
    NO_PLACE = 22
    # EINVAL: of GO_CURRENT that the cursor is nowhere
    # flags of mdb_env_open,
    NO_SYNC = 0x10000
    READ_ONLY = 0x20000
    NO_META_SYNC = 0x40000
    WRITE_MAP = 0x80000
    NO_TLS = 0x200000
    NO_MEMORY_INIT = 0x1000000
    # of mdb_put and mdb_cursor_put,
    NO_OVERWRITE = 0x10
    CURRENT = 0x40
    # of mdb_env_copyfd3;
    COMPACT = 1
    # what mdb_cursor_get is to do;
    GO_FIRST = 0
    GO_CURRENT = 4
    GO_LAST = 6
    GO_NEXT = 8
    GO_PREVIOUS = 12
    GO_THERE = 15
    GO_KEY = 16
    GO_RANGE = 17
    # and the tree that has no name.
    MAIN = 1

cdef Functions mdb
cdef bint are_found

cdef int succeeded(int code, str what) except -1
cdef int raise_closed() except -1
