"""A small bank before a planner that is the attacker: payments, standing orders, payees, bills."""
