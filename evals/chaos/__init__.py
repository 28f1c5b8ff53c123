"""Fault drills: real workers are killed, stopped and cut off, and every promise is counted."""
