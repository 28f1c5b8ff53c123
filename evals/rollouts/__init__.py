"""Rollouts that are played, to see what the controller makes of them."""
