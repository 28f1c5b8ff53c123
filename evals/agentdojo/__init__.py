"""AgentDojo with a planner that is the attacker: what the rails allow, and what still gets done."""
