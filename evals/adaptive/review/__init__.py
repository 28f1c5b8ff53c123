"""The contract review before a planner that is the attacker: its own home, people and papers."""
