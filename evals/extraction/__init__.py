"""Trains and measures the clause extractor on CUAD."""
