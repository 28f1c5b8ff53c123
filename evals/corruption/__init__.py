"""Damages a small home at random, and sees whether anything is still done on what is broken."""
