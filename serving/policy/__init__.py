"""The policy workshop: lay a workspace over the shipped rails, build bundles, and check them."""
