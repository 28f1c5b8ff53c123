"""Kills the courier while it tells a receiver, and counts what the receiver was told."""
