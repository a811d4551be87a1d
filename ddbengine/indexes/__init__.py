"""Which entries an item has in an index, and the writes that keep them.  Knows nothing of requests."""
