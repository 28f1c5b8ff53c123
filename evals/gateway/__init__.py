"""What the door costs a call of a model, beside direct calls to the same server."""
