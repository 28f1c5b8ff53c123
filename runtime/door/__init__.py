"""The way through: propose, gather facts, decide, record, act."""
