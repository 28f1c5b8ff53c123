"""Attacks on the contract review: a planner that obeys the document, and tools that nobody may use."""
