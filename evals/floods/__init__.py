"""Floods: a hostile planner proposes what it likes, and neither disk nor people are flooded."""
