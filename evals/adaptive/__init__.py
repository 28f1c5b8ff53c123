"""A seeded search for proposals that the rails let through and should not."""
