"""What a table is, what CreateTable and UpdateTable accept, and how a table is described."""
