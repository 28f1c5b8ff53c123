"""A server of chat completions that answers by a script: for tests, over real HTTP."""
