"""Evaluations of one's own agents: cases in a YAML file, carried out by stand-ins of the tools."""
