"""Small exact rules that read what a scored clause says: denial, condition, definition, list."""
