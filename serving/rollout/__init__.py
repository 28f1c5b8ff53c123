"""Rolling a release out step by step: arms, what is compared, and what is decided."""
