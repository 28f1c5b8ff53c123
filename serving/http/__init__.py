"""The HTTP API: a thin translation of `serving/operations`, and nothing else."""
