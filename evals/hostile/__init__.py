"""Hostile contracts: an order in every place of a document, a planner that obeys, and the harm."""
