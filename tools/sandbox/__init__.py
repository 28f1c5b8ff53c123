"""A confined child process: what runs in it holds no key and reaches no network."""
