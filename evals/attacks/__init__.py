"""Attacks on the contract review: an obedient planner, and tools that nobody may use."""
