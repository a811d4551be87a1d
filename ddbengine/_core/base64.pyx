"""Base64 as the service takes and gives it: padded, canonical, nothing around it (FACTS 1.5)."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memset

from ddbengine._core.buffers cimport Out, ensure_room
from ddbengine._core.unicode cimport PyUnicode_1BYTE_DATA, PyUnicode_GET_LENGTH, PyUnicode_IS_ASCII

from ddbengine._core.faults import JsonTypeFault


cdef const char* BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
cdef uint8_t[256] BASE64_VALUES


cdef int fill_base64_values() noexcept:
    cdef int i
    memset(BASE64_VALUES, 255, 256)
    for i in range(64):
        BASE64_VALUES[<uint8_t>BASE64[i]] = <uint8_t>i
    return 0


fill_base64_values()


cdef Py_ssize_t decode_base64(object text, uint8_t* to) except -1:
    """Decode (to NULL: only check) text of length 4n to at most 3n bytes; return how many.  Raise JsonTypeFault."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    cdef const uint8_t* at
    cdef Py_ssize_t i, size = 0, pad = 0
    cdef uint32_t quantum
    cdef uint8_t a, b, c, d
    if length % 4:
        raise JsonTypeFault(f"Base64 encoded length is expected a multiple of 4 bytes but found: {length}")
    if not PyUnicode_IS_ASCII(text):
        return refuse_base64(text, length)
    if length == 0:
        return 0
    at = PyUnicode_1BYTE_DATA(text)
    if at[length - 1] == c"=":
        pad = 2 if at[length - 2] == c"=" else 1
    for i in range(0, length - 3, 4):
        a = BASE64_VALUES[at[i]]
        b = BASE64_VALUES[at[i + 1]]
        c = BASE64_VALUES[at[i + 2]]
        d = BASE64_VALUES[at[i + 3]]
        if i + 4 == length:
            c = 0 if pad == 2 else c
            d = 0 if pad else d
        if (a | b | c | d) & 0x80:
            return refuse_base64(text, length - pad)
        quantum = (<uint32_t>a << 18) | (<uint32_t>b << 12) | (<uint32_t>c << 6) | d
        if to != NULL:
            to[size] = <uint8_t>(quantum >> 16)
            to[size + 1] = <uint8_t>(quantum >> 8)
            to[size + 2] = <uint8_t>quantum
        size += 3
    if (pad == 1 and quantum & 0xff) or (pad == 2 and quantum & 0xffff):
        raise JsonTypeFault("Invalid last non-pad Base64 character dectected")
    return size - pad


cdef int refuse_base64(object text, Py_ssize_t length) except -1:
    """Name the first character that is none of base64."""
    cdef Py_ssize_t i
    for i in range(length):
        letter = text[i]
        if ord(letter) > 127 or BASE64_VALUES[<uint8_t>ord(letter)] == 255:
            raise JsonTypeFault(f"Invalid base 64 character: '{letter}'")
    raise JsonTypeFault("Invalid last non-pad Base64 character dectected")


cdef int put_base64(Out* out, const uint8_t* source, Py_ssize_t size) except -1:
    cdef Py_ssize_t i
    cdef uint32_t quantum
    cdef uint8_t* to
    ensure_room(out, (size + 2) // 3 * 4)
    to = out.data + out.size
    for i in range(0, size - 2, 3):
        quantum = (<uint32_t>source[i] << 16) | (<uint32_t>source[i + 1] << 8) | source[i + 2]
        to[0] = BASE64[quantum >> 18]
        to[1] = BASE64[(quantum >> 12) & 63]
        to[2] = BASE64[(quantum >> 6) & 63]
        to[3] = BASE64[quantum & 63]
        to += 4
    i = size % 3
    if i:
        quantum = <uint32_t>source[size - i] << 16
        if i == 2:
            quantum |= <uint32_t>source[size - 1] << 8
        to[0] = BASE64[quantum >> 18]
        to[1] = BASE64[(quantum >> 12) & 63]
        to[2] = BASE64[(quantum >> 6) & 63] if i == 2 else c"="
        to[3] = c"="
    out.size += (size + 2) // 3 * 4
    return 0
