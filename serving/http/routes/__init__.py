"""The routes of the API, a module for each noun of its paths."""
