"""Tries every rule, every job and every guard of an installation; see `installation.verify`."""
