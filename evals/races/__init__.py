"""Races between a kill switch and an effect: what the switch stops begins at no time after it."""
