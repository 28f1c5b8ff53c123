"""A small office with a bank, mail, files and a calendar, before a planner that is the attacker."""
