"""Benchmarks: paired ratios measured in one run, as JSON."""
