"""What a plan comes to, and what a change turns into: plain data, of which each write makes some."""

cimport cython


cdef class Outcome:
    def __init__(self, bytes body not None, changes=()):
        self.body = body
        self.changes = changes

    def __repr__(self):
        return f"{type(self).__name__}(body={self.body!r}, changes={self.changes!r})"


@cython.final
@cython.freelist(32)
cdef class Writes:
    def __init__(self, puts=None, deletes=None, counters=None, record=None, bint logged=False):
        self.puts = [] if puts is None else puts
        self.deletes = [] if deletes is None else deletes
        self.counters = [] if counters is None else counters
        self.record = record
        self.logged = logged

    def __eq__(self, other):
        if type(other) is not Writes:
            return NotImplemented
        return self.parts() == (<Writes>other).parts()

    cdef tuple parts(self):
        return self.puts, self.deletes, self.counters, self.record, self.logged

    def __repr__(self):
        return f"Writes(puts={self.puts!r}, deletes={self.deletes!r}, counters={self.counters!r}, logged={self.logged})"
