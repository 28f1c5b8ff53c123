"""Language models, called as tools."""
