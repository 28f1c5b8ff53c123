"""Contracts: clauses, risk, records and reports."""
