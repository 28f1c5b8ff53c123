"""Spending: many spenders in many processes get past no limit of a run, a job or a tenant."""
