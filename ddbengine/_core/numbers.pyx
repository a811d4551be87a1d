"""Numbers: text to number bytes and back, their cost, and exact sums (FACTS 2.1, 2.6, 5.7)."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.conversion cimport PyOS_string_to_double
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

from ddbengine._core.buffers cimport View, close_view, open_view
from ddbengine._core.faults cimport corrupt
from ddbengine._core.stored cimport EXT_N, KIND_N, Head, read_whole
from ddbengine._core.unicode cimport (
    PyUnicode_1BYTE_DATA,
    PyUnicode_Check,
    PyUnicode_DecodeUTF8,
    PyUnicode_GET_LENGTH,
    PyUnicode_IS_ASCII,
)

from ddbengine._core.faults import ValueFault


cdef enum:
    MOST_DIGITS = 38
    MOST_PAIRS = 20
    HIGHEST_POINT = 126
    LOWEST_POINT = -129


cdef struct Decimal:
    # sign * 0.p0 p1 p2 ... * 100**scale, p being pairs of decimal digits 0..99; the first and the last are not 0.
    # Zero has no pairs.
    bint negative
    int count
    int scale
    uint8_t pairs[MOST_PAIRS]


cdef inline int point_of(const Decimal* number) noexcept:
    """Where the decimal point stands after the first significant digit: 1 for 1..9, 0 for 0.1."""
    return 2 * number.scale - (number.pairs[0] < 10)


cdef inline int digits_of(const Decimal* number) noexcept:
    """How many significant digits there are."""
    return 2 * number.count - (number.pairs[0] < 10) - (number.pairs[number.count - 1] % 10 == 0)


cdef int pack_number(const Decimal* number, uint8_t* to) noexcept:
    """Write number bytes (FACTS 5.7); return how many, at most LONGEST_NUMBER."""
    cdef int i
    cdef uint8_t first = <uint8_t>(number.scale - 64)
    if number.count == 0:
        to[0] = 0x80
        return 1
    if not number.negative:
        to[0] = first
        for i in range(number.count):
            to[1 + i] = number.pairs[i] + 1
        return 1 + number.count
    to[0] = ~first
    for i in range(number.count):
        to[1 + i] = 101 - number.pairs[i]
    if number.count == MOST_PAIRS:
        return 1 + number.count
    to[1 + number.count] = 102
    return 2 + number.count


cdef int unpack_number(const uint8_t* number, Py_ssize_t size, Decimal* to) except -1:
    cdef int i, pair
    if size < 1 or size > 1 + MOST_PAIRS:
        return corrupt("number bytes of no legal length")
    to.negative = number[0] < 0x80
    to.count = <int>size - 1
    to.scale = <int>(<uint8_t>~number[0] if to.negative else number[0]) - 192
    if to.count == 0:
        return corrupt("a number without digits") if number[0] != 0x80 else 0
    if to.negative and number[size - 1] == 102:
        to.count -= 1
    elif to.negative and to.count < MOST_PAIRS:
        return corrupt("a negative number without its end")
    for i in range(to.count):
        pair = 101 - number[1 + i] if to.negative else number[1 + i] - 1
        if pair < 0 or pair > 99:
            return corrupt("a number's digit is none")
        to.pairs[i] = <uint8_t>pair
    if to.count == 0 or to.pairs[0] == 0 or to.pairs[to.count - 1] == 0 or digits_of(to) > MOST_DIGITS:
        return corrupt("a number not in its one form")
    return 0


cdef int pack_digits(const uint8_t* digits, int count, int point, bint negative, uint8_t* to) noexcept:
    """Number bytes of 0.d0 d1 d2 ... * 10**point, d0 and the last digit not 0; return how many."""
    cdef Decimal number
    cdef int odd = point & 1
    cdef int i = 0, n = 0
    number.negative = negative
    number.scale = (point + odd) // 2
    if odd and count:
        number.pairs[0] = digits[0]
        i, n = 1, 1
    while i + 1 < count:
        number.pairs[n] = 10 * digits[i] + digits[i + 1]
        n += 1
        i += 2
    if i < count:
        number.pairs[n] = 10 * digits[i]
        n += 1
    number.count = n
    return pack_number(&number, to)


cdef enum:
    NUMBER_FORMAT = -2
    NUMBER_OVERFLOW = -3
    NUMBER_UNDERFLOW = -4
    NUMBER_PRECISION = -5


cdef int scan_exponent(const uint8_t* at, const uint8_t* end, int64_t* exponent) noexcept:
    """The text behind the e; NUMBER_FORMAT when it is no integer or beyond 64 bits.

    What is far out of a number's range is cut down to +-10**15, so that sums with text lengths cannot overflow.
    """
    cdef bint negative = False
    cdef uint64_t value = 0
    cdef uint64_t limit = 0x7fffffffffffffff
    cdef unsigned int digit
    exponent[0] = 0
    if at < end and (at[0] == c"+" or at[0] == c"-"):
        negative = at[0] == c"-"
        at += 1
    if at == end:
        return NUMBER_FORMAT
    limit += negative
    while at < end:
        digit = <unsigned int>at[0] - c"0"
        if digit > 9 or value > (limit - digit) // 10:
            return NUMBER_FORMAT
        value = value * 10 + digit
        at += 1
    if value > 1000000000000000:
        value = 1000000000000000
    exponent[0] = -<int64_t>value if negative else <int64_t>value
    return 0


cdef int scan_number(const uint8_t* at, const uint8_t* end, uint8_t* to) noexcept:
    """Number bytes of a text (FACTS 2.1); return how many, or a negative NUMBER_ code."""
    cdef uint8_t digits[MOST_DIGITS]
    cdef const uint8_t* first = NULL
    cdef const uint8_t* last = NULL
    cdef const uint8_t* dot = NULL
    cdef const uint8_t* start
    cdef bint negative = False
    cdef int64_t exponent = 0, point
    cdef int count = 0
    if at < end and (at[0] == c"-" or at[0] == c"+"):
        negative = at[0] == c"-"
        at += 1
    start = at
    while at < end:
        if c"0" <= at[0] <= c"9":
            if at[0] != c"0":
                last = at
                if first == NULL:
                    first = at
        elif at[0] == c"." and dot == NULL:
            dot = at
        else:
            break
        at += 1
    if at - start - (dot != NULL) == 0:
        return NUMBER_FORMAT
    if first == NULL:
        # Zero's exponent counts from the last digit written, as in Java's BigDecimal: 0e126 is out of range, 0.0e126 in.
        point = 1 if dot == NULL else 2 - (at - dot)
    else:
        if dot == NULL:
            dot = at
        point = dot - first + (dot < first)
    if at < end:
        if (at[0] | 0x20) != c"e" or scan_exponent(at + 1, end, &exponent) < 0:
            return NUMBER_FORMAT
    point += exponent
    if point > HIGHEST_POINT:
        return NUMBER_OVERFLOW
    if point < LOWEST_POINT:
        return NUMBER_UNDERFLOW
    if first == NULL:
        return pack_digits(digits, 0, 0, False, to)
    if last - first - (first < dot < last) >= MOST_DIGITS:
        return NUMBER_PRECISION
    while first <= last:
        if first != dot:
            digits[count] = first[0] - c"0"
            count += 1
        first += 1
    return pack_digits(digits, count, <int>point, negative, to)


cdef Py_ssize_t parse_number(object text, uint8_t* to) except -1:
    """Number bytes of a text, at most LONGEST_NUMBER; return how many.  Raise ValueFault."""
    cdef const uint8_t* start
    cdef Py_ssize_t size = NUMBER_FORMAT
    if not PyUnicode_Check(text):
        raise TypeError("a number's wire form is text")
    if PyUnicode_IS_ASCII(text):
        start = PyUnicode_1BYTE_DATA(text)
        size = scan_number(start, start + PyUnicode_GET_LENGTH(text), to)
    if size > 0:
        return size
    refuse_number(<int>size, text)
    return -1


cdef int refuse_number(int code, object text) except -1:
    if code == NUMBER_OVERFLOW:
        raise ValueFault("number_overflow", text)
    if code == NUMBER_UNDERFLOW:
        raise ValueFault("number_underflow", text)
    if code == NUMBER_PRECISION:
        raise ValueFault("number_precision", text)
    raise ValueFault("number_format", text)


cdef int write_digits(const uint8_t* pairs, int count, int scale, bint negative, char* to) noexcept:
    """Plain decimal text of base-100 digits without zero pairs at the ends; return its length.

    to holds 3 + 2 * count + 2 * |scale| characters.
    """
    cdef int i, digits, point, n = 0, odd
    cdef char text[512]
    if count == 0:
        to[0] = c"0"
        return 1
    for i in range(count):
        text[2 * i] = c"0" + pairs[i] // 10
        text[2 * i + 1] = c"0" + pairs[i] % 10
    odd = pairs[0] < 10
    point = 2 * scale - odd
    digits = 2 * count - odd - (pairs[count - 1] % 10 == 0)
    if negative:
        to[0] = c"-"
        n = 1
    if point <= 0:
        to[n] = c"0"
        to[n + 1] = c"."
        memset(to + n + 2, c"0", -point)
        memcpy(to + n + 2 - point, text + odd, digits)
        return n + 2 - point + digits
    if point >= digits:
        memcpy(to + n, text + odd, digits)
        memset(to + n + digits, c"0", point - digits)
        return n + point
    memcpy(to + n, text + odd, point)
    to[n + point] = c"."
    memcpy(to + n + point + 1, text + odd + point, digits - point)
    return n + digits + 1


cdef int write_number_text(const uint8_t* number, Py_ssize_t size, char* to) except -1:
    """Plain decimal text of number bytes, at most LONGEST_NUMBER_TEXT characters; return its length."""
    cdef Decimal decimal
    unpack_number(number, size, &decimal)
    return write_digits(decimal.pairs, decimal.count, decimal.scale, decimal.negative, to)


cdef double* POWERS = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]


cdef double number_as_double(const uint8_t* number, Py_ssize_t size) except? -1:
    """The double nearest to the number of some number bytes."""
    cdef Decimal decimal
    cdef char text[LONGEST_NUMBER_TEXT + 1]
    cdef uint64_t digits = 0
    cdef double value
    cdef int i, exponent
    unpack_number(number, size, &decimal)
    exponent = 2 * (decimal.scale - decimal.count)
    # Both parts are exact doubles, so that one rounding is all there is.
    if decimal.count <= 7 and -22 <= exponent <= 22:
        for i in range(decimal.count):
            digits = 100 * digits + decimal.pairs[i]
        value = <double>digits * POWERS[exponent] if exponent >= 0 else <double>digits / POWERS[-exponent]
        return -value if decimal.negative else value
    i = write_digits(decimal.pairs, decimal.count, decimal.scale, decimal.negative, text)
    text[i] = 0
    return PyOS_string_to_double(text, NULL, NULL)


cdef int number_cost(const uint8_t* number, Py_ssize_t size) except -1:
    """Bytes by DynamoDB's accounting (FACTS 2.6): one, and half a byte per digit, each side of the point rounded up."""
    cdef Decimal decimal
    cdef int digits, point, cost
    unpack_number(number, size, &decimal)
    if decimal.count == 0:
        return 1
    digits = digits_of(&decimal)
    point = point_of(&decimal)
    cost = 1 + decimal.negative
    if point <= 0 or point >= digits:
        return cost + (digits + 1) // 2
    return cost + (point + 1) // 2 + (digits - point + 1) // 2


cdef enum:
    # Base-100 places of a sum: 100**63 down to 100**-84 (the 20th pair of the smallest scale), and a carry.
    SUM_TOP = 64
    SUM_PLACES = 150


cdef inline int add_pairs(int* places, const Decimal* number, int sign) noexcept:
    """Add a number into places, places[i] counting 100**(SUM_TOP - 1 - i)."""
    cdef int i
    for i in range(number.count):
        places[SUM_TOP - number.scale + i] += sign * <int>number.pairs[i]
    return 0


cdef int carry_places(int* places, int first, int last) noexcept:
    """Bring places first..last to 0..99, the first one taking what is carried; return the carry out of it (0 or -1)."""
    cdef int i = last, carry = 0, value
    while i >= first:
        value = places[i] + carry
        carry = -2 if value < -100 else -1 if value < 0 else value // 100
        places[i] = value - 100 * carry
        i -= 1
    return carry


cdef bytes sum_numbers(const Decimal* a, const Decimal* b, bint subtract):
    """The encoded N of a + b or a - b."""
    cdef int places[SUM_PLACES]
    cdef uint8_t pairs[SUM_PLACES]
    cdef uint8_t number[LONGEST_NUMBER + 3]
    cdef int first, last, i
    cdef bint negative = False
    memset(places, 0, sizeof(places))
    add_pairs(places, a, -1 if a.negative else 1)
    add_pairs(places, b, -1 if b.negative != subtract else 1)
    first = SUM_TOP - 1 - (a.scale if a.scale > b.scale else b.scale)
    last = SUM_TOP - a.scale + a.count
    if SUM_TOP - b.scale + b.count > last:
        last = SUM_TOP - b.scale + b.count
    last -= 1
    if carry_places(places, first, last) < 0:
        negative = True
        for i in range(first, last + 1):
            places[i] = -places[i]
        carry_places(places, first, last)
    while first <= last and places[first] == 0:
        first += 1
    while first <= last and places[last] == 0:
        last -= 1
    for i in range(first, last + 1):
        pairs[i - first] = <uint8_t>places[i]
    return pack_sum(pairs, last - first + 1, SUM_TOP - first, negative)


cdef bytes pack_sum(const uint8_t* pairs, int count, int scale, bint negative):
    """The encoded N of a result.

    A result of more than 38 digits overflows: the service answers ``1E50 + 1`` with its overflow message.
    """
    cdef Decimal number
    cdef uint8_t value[LONGEST_NUMBER + 3]
    cdef char text[1024]
    cdef int size
    number.negative = negative
    number.count = 0
    if count:
        size = write_digits(pairs, count, scale, negative, text)
        if 2 * scale - (pairs[0] < 10) < LOWEST_POINT:
            refuse_number(NUMBER_UNDERFLOW, PyUnicode_DecodeUTF8(text, size, NULL))
        number.count = 1 if count > MOST_PAIRS else count
        number.scale = scale
        memcpy(number.pairs, pairs, number.count)
        if count > MOST_PAIRS or digits_of(&number) > MOST_DIGITS or point_of(&number) > HIGHEST_POINT:
            refuse_number(NUMBER_OVERFLOW, PyUnicode_DecodeUTF8(text, size, NULL))
    size = pack_number(&number, value + 3)
    value[0] = 0xc7
    value[1] = <uint8_t>size
    value[2] = EXT_N
    return PyBytes_FromStringAndSize(<char*>value, size + 3)


# --- public -----------------------------------------------------------------------------------------------------------


def number_from_text(str text):
    cdef uint8_t number[LONGEST_NUMBER]
    cdef Py_ssize_t size = parse_number(text, number)
    return PyBytes_FromStringAndSize(<char*>number, size)


def number_to_text(number):
    cdef View view
    cdef char text[LONGEST_NUMBER_TEXT]
    cdef int size
    open_view(number, &view)
    try:
        size = write_number_text(view.data, view.end - view.data, text)
        return PyUnicode_DecodeUTF8(text, size, NULL)
    finally:
        close_view(&view)


def number_size(number):
    cdef View view
    open_view(number, &view)
    try:
        return number_cost(view.data, view.end - view.data)
    finally:
        close_view(&view)


cdef int open_number(object value, Decimal* to) except -1:
    """The number of an encoded N."""
    cdef View view
    cdef Head head
    open_view(value, &view)
    try:
        read_whole(&view, &head)
        if head.kind != KIND_N:
            return corrupt("not an N")
        return unpack_number(head.body, head.size, to)
    finally:
        close_view(&view)


def add_numbers(a, b, bint subtract=False):
    cdef Decimal left, right
    open_number(a, &left)
    open_number(b, &right)
    return sum_numbers(&left, &right, subtract)
