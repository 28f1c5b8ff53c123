"""A real language model that reads hostile contracts, and whose every proposal passes the door."""
