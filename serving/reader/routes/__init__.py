"""The routes of the reading pages."""
