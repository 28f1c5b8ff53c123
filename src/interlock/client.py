"""The typed client of the API: `async with Client(address, key=...) as client`."""

from interlock.serving.client import (
    Approval,
    Client,
    Conflicting,
    Defective,
    Event,
    Forbidden,
    Job,
    Missing,
    Refused,
    Run,
    Unknown,
    Unreachable,
    Unreadable,
)

__all__ = [
    "Approval",
    "Client",
    "Conflicting",
    "Defective",
    "Event",
    "Forbidden",
    "Job",
    "Missing",
    "Refused",
    "Run",
    "Unknown",
    "Unreachable",
    "Unreadable",
]
