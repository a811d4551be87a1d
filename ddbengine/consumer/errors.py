"""What can go wrong when a stream is consumed, each as a class of its own with a message for the person who reads it.

These are the errors that end a consumer, or keep one from starting.  What passes by itself (throttling, a connection
that breaks, an expired iterator, a lost lease) is handled where it happens, logged and counted.
"""

from __future__ import annotations


class ConsumerError(Exception):
    """Anything below."""


class BadOption(ConsumerError):
    """A setting that cannot be what was meant."""


class BadPattern(BadOption):
    """A filter pattern that Lambda would refuse too."""


class BadStart(BadOption):
    """A starting position that is none."""


class TableMissing(ConsumerError):
    """There is no such table at this endpoint, for these credentials, in this region."""


class StreamMissing(ConsumerError):
    """The table has no stream, or the stream is gone."""


class CredentialsMissing(ConsumerError):
    """No credentials, or no region, were found where the SDK looks for them."""


class AccessDenied(ConsumerError):
    """The credentials do not allow what consuming needs, or are not valid."""


class EndpointUnreachable(ConsumerError):
    """Nobody answers at the endpoint."""


class LeaseTableUnusable(ConsumerError):
    """The table for leases is not shaped as one, or holds those of another stream."""


class DeadLettersUnwritable(ConsumerError):
    """A record that was given up could not be put away, so its shard cannot go on."""
