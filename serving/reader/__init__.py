"""The pages on which people read documents: a contract's review, and a page with its picture."""
