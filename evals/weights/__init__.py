"""Weights of a real language model: from a package index to a folder that vLLM reads."""
