"""Who asks: accounts, sessions, keys and tokens. What the person may do is for the policy."""
