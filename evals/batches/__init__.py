"""A batch under fire: many contracts as one job, while what works on them is killed at random."""
