"""Bytes in and out: a caller's buffer while it is read, and a buffer that grows while it is written."""

from cpython.buffer cimport Py_buffer, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport uint8_t
from libc.string cimport memcmp, memcpy


cdef struct View:
    # The bytes of a caller's buffer, borrowed until close_view.
    const uint8_t* data
    const uint8_t* end
    bint held
    Py_buffer buffer


cdef inline int open_view(object source, View* view) except -1:
    if PyBytes_CheckExact(source):
        view.held = False
        view.data = <const uint8_t*>PyBytes_AS_STRING(source)
        view.end = view.data + PyBytes_GET_SIZE(source)
        return 0
    PyObject_GetBuffer(source, &view.buffer, PyBUF_SIMPLE)
    view.held = True
    view.data = <const uint8_t*>view.buffer.buf
    view.end = view.data + view.buffer.len
    return 0


cdef inline void close_view(View* view) noexcept:
    if view.held:
        PyBuffer_Release(&view.buffer)


cdef inline int open_views(object a, object b, View* left, View* right) except -1:
    open_view(a, left)
    try:
        return open_view(b, right)
    except BaseException:
        close_view(left)
        raise


cdef struct Out:
    # Bytes being built.  data is small until it is outgrown, then PyMem memory.
    uint8_t* data
    Py_ssize_t size
    Py_ssize_t capacity
    uint8_t small[1024]


cdef inline void open_out(Out* out) noexcept:
    out.data = out.small
    out.size = 0
    out.capacity = sizeof(out.small)


cdef inline void close_out(Out* out) noexcept:
    if out.data != out.small:
        PyMem_Free(out.data)


cdef inline int grow_out(Out* out, Py_ssize_t more) except -1:
    cdef Py_ssize_t capacity = out.capacity * 2
    cdef uint8_t* data
    if capacity < out.size + more:
        capacity = out.size + more
    if out.data == out.small:
        data = <uint8_t*>PyMem_Malloc(capacity)
    else:
        data = <uint8_t*>PyMem_Realloc(out.data, capacity)
    if data == NULL:
        raise MemoryError
    if out.data == out.small:
        memcpy(data, out.small, out.size)
    out.data = data
    out.capacity = capacity
    return 0


cdef inline int ensure_room(Out* out, Py_ssize_t more) except -1:
    if out.capacity - out.size < more:
        grow_out(out, more)
    return 0


cdef inline void put_byte(Out* out, uint8_t byte) noexcept:
    """Append one byte; there is room."""
    out.data[out.size] = byte
    out.size += 1


cdef inline void put_bytes(Out* out, const void* source, Py_ssize_t size) noexcept:
    """Append bytes; there is room."""
    memcpy(out.data + out.size, source, size)
    out.size += size


cdef inline int append(Out* out, const void* source, Py_ssize_t size) except -1:
    ensure_room(out, size)
    put_bytes(out, source, size)
    return 0


cdef inline bytes out_bytes(Out* out, Py_ssize_t start=0):
    return PyBytes_FromStringAndSize(<char*>out.data + start, out.size - start)


cdef inline bytes bytes_between(const uint8_t* start, const uint8_t* end):
    return PyBytes_FromStringAndSize(<const char*>start, end - start)


cdef inline int compare_bytes(const uint8_t* a, Py_ssize_t a_size, const uint8_t* b, Py_ssize_t b_size) noexcept nogil:
    cdef int order = memcmp(a, b, a_size if a_size < b_size else b_size)
    if order == 0:
        return (a_size > b_size) - (a_size < b_size)
    return 1 if order > 0 else -1
