"""Vectors as a vector index keeps them: 32-bit floats, little-endian, one after another, as a value of type B."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.conversion cimport PyOS_double_to_string, PyOS_string_to_double
from cpython.mem cimport PyMem_Free
from libc.math cimport fabs, isfinite, isnan, sqrt
from libc.stdint cimport uint8_t
from libc.stdlib cimport atoi
from libc.string cimport memcmp, memcpy, strlen

from ddbengine._core.buffers cimport (
    Out,
    View,
    append,
    close_out,
    close_view,
    ensure_room,
    open_out,
    open_view,
    out_bytes,
    put_byte,
    put_bytes,
)
from ddbengine._core.faults cimport corrupt
from ddbengine._core.numbers cimport number_as_double
from ddbengine._core.stored cimport (
    KIND_B,
    KIND_L,
    KIND_M,
    KIND_N,
    LONGEST_HEADER,
    Head,
    read_container,
    read_end,
    read_head,
    read_name,
    read_whole,
    skip,
    write_head,
)
from ddbengine._core.unicode cimport PyUnicode_AsUTF8AndSize


cdef enum:
    MOST_NEAREST = 128
    MOST_FILTERS = 128


cdef double LARGEST = 3.4028234663852886e38
cdef double SMALLEST_NORMAL = 1.1754943508222875e-38
# From here on a double is nearer to what would follow the largest float.
cdef double TOO_LARGE = 3.4028235677973366e38


# --- from numbers to floats -------------------------------------------------------------------------------------------


def vector_of(value, Py_ssize_t dimensions):
    cdef View view
    cdef Head head, element
    cdef const uint8_t* at
    cdef uint8_t header[LONGEST_HEADER]
    cdef Py_ssize_t i
    cdef int length
    cdef double number
    cdef float single
    cdef char* to
    cdef bytes packed
    open_view(value, &view)
    try:
        at = view.data
        read_head(&at, view.end, &head)
        if head.kind != KIND_L or head.size != dimensions:
            return None
        length = write_head(header, KIND_B, 4 * dimensions)
        packed = PyBytes_FromStringAndSize(NULL, length + 4 * dimensions)
        to = PyBytes_AS_STRING(packed)
        memcpy(to, header, length)
        to += length
        for i in range(dimensions):
            read_head(&at, view.end, &element)
            if element.kind != KIND_N:
                return None
            number = number_as_double(element.body, element.size)
            if fabs(number) >= TOO_LARGE:
                return None
            single = <float>number
            memcpy(to + 4 * i, &single, 4)
        read_end(at, view.end)
        return packed
    finally:
        close_view(&view)


# --- from floats to numbers -------------------------------------------------------------------------------------------


cdef int put_single(Out* out, float single) except -1:
    """The shortest decimal that is nearest to this float and to no other, plain, with a digit behind the point."""
    cdef char* text = NULL
    cdef char digits[16]
    cdef const char* at
    cdef int precision, count = 0, point, i
    cdef bint negative
    if not isfinite(single):
        return corrupt("a vector with what is no number")
    try:
        # Six digits are always told apart, but for the tiniest floats.
        for precision in range(5 if fabs(single) >= SMALLEST_NORMAL else 0, 9):
            if text != NULL:
                PyMem_Free(text)
            text = PyOS_double_to_string(<double>single, c"e", precision, 0, NULL)
            if text == NULL:
                raise MemoryError
            if <float>PyOS_string_to_double(text, NULL, NULL) == single:
                break
        at = text
        negative = at[0] == c"-"
        at += negative
        while at[0] != c"e":
            if at[0] != c".":
                digits[count] = at[0]
                count += 1
            at += 1
        point = 1 + atoi(at + 1)
    finally:
        PyMem_Free(text)
    while count > 1 and digits[count - 1] == c"0":
        count -= 1
    ensure_room(out, 128)
    if negative and single != 0:
        put_byte(out, c"-")
    if point <= 0:
        put_bytes(out, b"0.", 2)
        for i in range(-point):
            put_byte(out, c"0")
        put_bytes(out, digits, count)
        return 0
    for i in range(point):
        put_byte(out, digits[i] if i < count else c"0")
    put_byte(out, c".")
    if count <= point:
        put_byte(out, c"0")
    else:
        put_bytes(out, digits + point, count - point)
    return 0


cdef int read_floats(View* view, Head* head) except -1:
    read_whole(view, head)
    if head.kind != KIND_B or head.size % 4:
        return corrupt("not a vector")
    return 0


def vector_to_wire(vector, places=None):
    cdef View view
    cdef Out out
    cdef Head head
    cdef float single
    cdef Py_ssize_t place, count
    open_view(vector, &view)
    open_out(&out)
    try:
        read_floats(&view, &head)
        count = head.size // 4
        append(&out, b'{"L":[', 6)
        first = True
        for place in range(count) if places is None else places:
            if place < 0 or place >= count:
                continue
            memcpy(&single, head.body + 4 * place, 4)
            append(&out, b'{"N":"' if first else b',{"N":"', 6 if first else 7)
            put_single(&out, single)
            append(&out, b'"}', 2)
            first = False
        append(&out, b"]}", 2)
        return out_bytes(&out)
    finally:
        close_out(&out)
        close_view(&view)


# --- distances --------------------------------------------------------------------------------------------------------


cdef struct Sums:
    double product
    double left
    double right


cdef inline float single_at(const uint8_t* floats, Py_ssize_t place) noexcept nogil:
    cdef float single
    memcpy(&single, floats + 4 * place, 4)
    return single


cdef double product_of(const uint8_t* a, const uint8_t* b, Py_ssize_t count) noexcept nogil:
    # Four sums that do not wait for one another.
    cdef double s0 = 0, s1 = 0, s2 = 0, s3 = 0
    cdef Py_ssize_t i = 0
    while i + 4 <= count:
        s0 += <double>single_at(a, i) * <double>single_at(b, i)
        s1 += <double>single_at(a, i + 1) * <double>single_at(b, i + 1)
        s2 += <double>single_at(a, i + 2) * <double>single_at(b, i + 2)
        s3 += <double>single_at(a, i + 3) * <double>single_at(b, i + 3)
        i += 4
    while i < count:
        s0 += <double>single_at(a, i) * <double>single_at(b, i)
        i += 1
    return (s0 + s1) + (s2 + s3)


cdef double distance_of(const uint8_t* a, const uint8_t* b, Py_ssize_t count) noexcept nogil:
    cdef double s0 = 0, s1 = 0, s2 = 0, s3 = 0, d0, d1, d2, d3
    cdef Py_ssize_t i = 0
    while i + 4 <= count:
        d0 = <double>single_at(a, i) - <double>single_at(b, i)
        d1 = <double>single_at(a, i + 1) - <double>single_at(b, i + 1)
        d2 = <double>single_at(a, i + 2) - <double>single_at(b, i + 2)
        d3 = <double>single_at(a, i + 3) - <double>single_at(b, i + 3)
        s0 += d0 * d0
        s1 += d1 * d1
        s2 += d2 * d2
        s3 += d3 * d3
        i += 4
    while i < count:
        d0 = <double>single_at(a, i) - <double>single_at(b, i)
        s0 += d0 * d0
        i += 1
    return sqrt((s0 + s1) + (s2 + s3))


cdef enum:
    COSINE
    EUCLIDEAN
    DOT_PRODUCT


cdef double score_of(
    int function, const uint8_t* query, double query_square, const uint8_t* vector, Py_ssize_t count
) noexcept nogil:
    """A distance or, for DOT_PRODUCT, a product: summed up in doubles, within the range of a float."""
    cdef double score, square
    if function == EUCLIDEAN:
        score = distance_of(query, vector, count)
    else:
        score = product_of(query, vector, count)
        if function == COSINE:
            square = product_of(vector, vector, count)
            if square == 0 or query_square == 0:
                return 1
            # One root of both squares: of a vector and itself that is exactly their product.
            score = 1 - score / sqrt(query_square * square)
            return 0 if score < 0 else 2 if score > 2 else score
    return LARGEST if score > LARGEST else -LARGEST if score < -LARGEST else score


# --- the nearest ------------------------------------------------------------------------------------------------------


cdef struct Wanted:
    # The attributes of an entry that matter: its vector, and those that are to have a value.
    const char* name
    Py_ssize_t name_size
    int filters
    const char* names[MOST_FILTERS]
    Py_ssize_t name_sizes[MOST_FILTERS]
    const char* values[MOST_FILTERS]
    Py_ssize_t value_sizes[MOST_FILTERS]


cdef const uint8_t* find_vector(View* entry, Wanted* wanted, Py_ssize_t size) except? NULL:
    """The floats of an entry that passes the filters, NULL for one that does not."""
    cdef Head head, name, vector
    cdef const uint8_t* at
    cdef const uint8_t* start
    cdef const uint8_t* floats = NULL
    cdef Py_ssize_t i
    cdef int j, passed = 0
    read_container(entry, KIND_M, &at, &head)
    for i in range(head.size):
        read_name(&at, entry.end, &name)
        start = at
        if floats == NULL and name.size == wanted.name_size and memcmp(name.body, wanted.name, name.size) == 0:
            read_head(&at, entry.end, &vector)
            if vector.kind != KIND_B or vector.size != size:
                corrupt("not a vector of the index")
            floats = vector.body
            if passed == wanted.filters:
                return floats
            continue
        skip(&at, entry.end)
        for j in range(wanted.filters):
            if name.size == wanted.name_sizes[j] and memcmp(name.body, wanted.names[j], name.size) == 0:
                if at - start != wanted.value_sizes[j] or memcmp(start, wanted.values[j], at - start) != 0:
                    return NULL
                passed += 1
                if floats != NULL and passed == wanted.filters:
                    return floats
    if floats == NULL:
        corrupt("an entry without a vector")
    return NULL


cdef int functions_of(str name) except -1:
    if name == "COSINE":
        return COSINE
    if name == "EUCLIDEAN":
        return EUCLIDEAN
    if name == "DOT_PRODUCT":
        return DOT_PRODUCT
    raise ValueError(f"not a distance function: {name}")


def nearest(entries, str name, query, str function, int most, filters=()):
    cdef View query_view, view
    cdef Head head
    cdef Wanted wanted
    cdef double scores[MOST_NEAREST]
    cdef double score, square = 0
    cdef int found = 0, place, kind = functions_of(function)
    cdef Py_ssize_t i, scanned = 0
    cdef const uint8_t* floats
    cdef list rows = []
    if not 0 < most <= MOST_NEAREST or len(filters) > MOST_FILTERS:
        raise ValueError("too many are asked for")
    wanted.name = PyUnicode_AsUTF8AndSize(name, &wanted.name_size)
    wanted.filters = len(filters)
    for i, (filter_name, value) in enumerate(filters):
        wanted.names[i] = PyUnicode_AsUTF8AndSize(filter_name, &wanted.name_sizes[i])
        wanted.values[i] = PyBytes_AS_STRING(<bytes?>value)
        wanted.value_sizes[i] = len(value)
    open_view(query, &query_view)
    try:
        read_floats(&query_view, &head)
        if kind == COSINE:
            square = product_of(head.body, head.body, head.size // 4)
        for pair in entries:
            row = (<tuple?>pair)[1]
            scanned += 1
            open_view(row, &view)
            try:
                floats = find_vector(&view, &wanted, head.size)
                if floats == NULL:
                    continue
                score = score_of(kind, head.body, square, floats, head.size // 4)
            finally:
                close_view(&view)
            if isnan(score):
                corrupt("a vector with what is no number")
            if kind == DOT_PRODUCT:
                score = -score
            if found == most and score >= scores[found - 1]:
                continue
            place = found if found < most else found - 1
            while place and score < scores[place - 1]:
                place -= 1
            if found == most:
                rows.pop()
            else:
                found += 1
            for i in range(found - 1, place, -1):
                scores[i] = scores[i - 1]
            scores[place] = score
            rows.insert(place, row)
        # Positive zero: a client must not see -0.0.
        return [
            (<double><float>(-scores[i] if kind == DOT_PRODUCT else scores[i]) + 0.0, rows[i]) for i in range(found)
        ], scanned
    finally:
        close_view(&query_view)
