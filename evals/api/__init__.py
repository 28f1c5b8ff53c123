"""Tries the HTTP API by its own OpenAPI document."""
