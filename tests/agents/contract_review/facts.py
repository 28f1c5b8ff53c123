"""What a planner is told of a contract that was read and reviewed."""

from typing import Any, Final

FACTS: Final[dict[str, Any]] = {
    "notify": ["legal@example.com"],
    "document": {"digest": "sha256:ab", "name": "a.pdf"},
    "review": {
        "document": "sha256:ab",
        "tier": "low",
        "score": 10,
        "least": 0,
        "most": 20,
        "sided": False,
        "findings": 0,
    },
}
