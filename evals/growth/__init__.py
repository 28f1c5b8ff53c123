"""What grows with a home, and what must not grow: lists, and the record."""
