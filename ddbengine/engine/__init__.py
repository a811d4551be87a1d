"""One module per family of operations: from a request to a plan to its outcome.  Knows nothing of HTTP."""
