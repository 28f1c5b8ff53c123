"""Failures of other systems, each done to ours; and whether ours would fail without its guard."""
