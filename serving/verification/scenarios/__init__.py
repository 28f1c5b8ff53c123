"""The scenario of each guarantee: what must not happen is tried, and must be stopped."""
