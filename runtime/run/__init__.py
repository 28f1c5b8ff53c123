"""The life of a run: its rows and their transitions."""
