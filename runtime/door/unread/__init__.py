"""Unread: results that are sealed and used, and that no planner is shown."""
