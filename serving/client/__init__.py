"""The typed client of the API, for applications and for our own tests."""

from interlock.serving.client.client import Client
from interlock.serving.client.failure import (
    Conflicting,
    Defective,
    Forbidden,
    Missing,
    Refused,
    Unknown,
    Unreachable,
    Unreadable,
)
from interlock.serving.client.values import (
    Approval,
    Document,
    Event,
    Job,
    Quality,
    Release,
    Rollout,
    Run,
)

__all__ = [
    "Approval",
    "Client",
    "Conflicting",
    "Defective",
    "Document",
    "Event",
    "Forbidden",
    "Job",
    "Missing",
    "Quality",
    "Refused",
    "Release",
    "Rollout",
    "Run",
    "Unknown",
    "Unreachable",
    "Unreadable",
]
