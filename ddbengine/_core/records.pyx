"""What the change log says of a change: see ``change_record`` and ``log_record`` in ``records.pyi``."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t

from ddbengine._core.buffers cimport Out, close_out, ensure_room, open_out, out_bytes, put_byte
from ddbengine._core.outcomes cimport Writes
from ddbengine._core.stored cimport KIND_B, KIND_S, put_value
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize


cdef enum:
    MEMBERS = 6
    # Where an item's key has the hash of its partition key: behind the keyspace and the table's number.
    HASH_AT = 5
    HASH_BYTES = 4
    REFERENCE_LEAST_BYTES = 16
    # A shorter value is not worth a reference.


cdef int put_number(Out* out, uint32_t number) except -1:
    """Append a whole number in msgpack's shortest form."""
    cdef int shift = 24
    ensure_room(out, 5)
    if number < 0x80:
        put_byte(out, number)
        return 0
    if number < 0x100:
        put_byte(out, 0xcc)
        shift = 0
    elif number < 0x10000:
        put_byte(out, 0xcd)
        shift = 8
    else:
        put_byte(out, 0xce)
    while shift >= 0:
        put_byte(out, <uint8_t>(number >> shift))
        shift -= 8
    return 0


cdef int put_blob(Out* out, bytes blob) except -1:
    """Append bytes, or nil for None."""
    if blob is None:
        ensure_room(out, 1)
        put_byte(out, 0xc0)
    else:
        put_value(out, KIND_B, <const uint8_t*>PyBytes_AS_STRING(blob), PyBytes_GET_SIZE(blob))
    return 0


def change_record(uint32_t number, bytes key not None, bytes old, bytes new, str actor=None):
    cdef const char* text
    cdef Py_ssize_t size
    cdef Out out
    if PyBytes_GET_SIZE(key) < HASH_AT + HASH_BYTES:
        raise ValueError("an item's key has a hash")
    open_out(&out)
    try:
        ensure_room(&out, 1)
        put_byte(&out, 0x90 | MEMBERS)
        put_number(&out, number)
        put_value(&out, KIND_B, <const uint8_t*>PyBytes_AS_STRING(key) + HASH_AT, HASH_BYTES)
        put_blob(&out, key)
        put_blob(&out, old)
        put_blob(&out, new)
        if actor is None:
            put_blob(&out, None)
        else:
            text = PyUnicode_AsUTF8AndSize(actor, &size)
            put_value(&out, KIND_S, <const uint8_t*>text, size)
        return out_bytes(&out)
    finally:
        close_out(&out)


def log_record(Writes writes not None):
    cdef bytes logical = None if writes.record is None else writes.record()
    cdef list puts = list(writes.puts)
    cdef Py_ssize_t place
    if logical is not None:
        for place in range(len(puts)):
            key, value = puts[place]
            if len(value) >= REFERENCE_LEAST_BYTES:
                offset = logical.find(value)
                if offset >= 0:
                    puts[place] = (key, offset, len(value))
    return logical, puts, writes.deletes, writes.counters
