"""Measures whether the clause finder reads what a sentence says of its category."""
