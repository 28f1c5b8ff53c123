"""Hostile PDFs against what draws and what reads them."""
