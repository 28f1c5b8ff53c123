"""Reviewers: scripts that work through the queue, one that reads and one that always approves."""
