"""Attacks on the contract review: a planner that obeys documents, and tools nobody may use."""
