"""Kills a server while it takes runs, and counts what it acknowledged."""
