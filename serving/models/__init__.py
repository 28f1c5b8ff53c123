"""Language models of a home: what the settings say of them, and what asks them."""
