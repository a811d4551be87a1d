"""Ordered bytes: transactions, snapshots, commits, and plans as things that run.  Knows nothing of items."""
