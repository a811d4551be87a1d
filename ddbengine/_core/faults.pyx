"""The exceptions of the core.  What they hold is said in ``__init__.pyi``."""


class CorruptBytes(Exception):
    """Stored bytes are not what the core writes."""


class DamagedPage(CorruptBytes):
    """A page of a tree is not what LMDB writes."""


class JsonTypeFault(Exception):
    """A JSON value has the wrong type for the service model; args[0] is the service's message (FACTS 1.5)."""


class ValueFault(Exception):
    """A value the service refuses: ``kind`` and ``detail`` as ``__init__.pyi`` lists them."""

    def __init__(self, kind, detail=None):
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


cdef int corrupt(str why) except -1:
    raise CorruptBytes(why)


cdef int damaged(str why) except -1:
    raise DamagedPage(why)
