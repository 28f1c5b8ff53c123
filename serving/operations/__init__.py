"""Use cases: each once, for every front end.

A front end (the command line, later HTTP) translates words into an operation's arguments and the
result into words. Whether the person may is decided by the policy, in `Runtime.acts`.
"""
