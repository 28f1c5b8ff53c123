"""The one way by which a tool sends a request over HTTP, and gets one whole, bounded answer.

A tool names a `Destination`, which an operator or a person set, and never an address that a planner
wrote. `send` reaches that host and port and no other, whatever the answer or the environment says.
"""
