"""Shortcuts: what answers some requests from their bodies as sent."""

from typing import Any

class Shortcut:
    """Answers some of the requests for one operation; see who inherits."""

    def answer(self, body: bytes) -> Any:
        """What is to be said to a request's body as sent, from anybody: the body of the answer, or what is known of it
        already (a future).  For a request that goes the way of all others None, or a dict: what the body says as JSON.
        What it raises, that way has to meet too."""
