"""Interlock: AI agents that do real work under policy rails."""
