"""Problems: why an application's request for approval is not taken, in the words of the draft."""

from typing import Final, Literal, TypeAlias

from interlock.runtime.errors import InterlockError

Trouble: TypeAlias = Literal[
    "not_requestable",
    "expired_denial",
    "invalid_denial_binding",
    "unknown_task",
    "invalid_task_state",
]
_TYPE: Final = "urn:openid:authzen:access-request:error:"
#: The HTTP status of each, why, and the next step
_TEXTS: Final[dict[Trouble, tuple[int, str, str]]] = {
    "not_requestable": (
        400,
        "nobody can approve it as things stand",
        "Evaluate again, and ask only where context.access_request is there.",
    ),
    "expired_denial": (
        410,
        "the denial is too old, or another policy is in force since",
        "Evaluate again, and send the denial at once.",
    ),
    "invalid_denial_binding": (
        400,
        "the denial is not for this subject, action, resource and context",
        "Send back exactly what was evaluated, with its binding_token.",
    ),
    "unknown_task": (404, "there is no such task", "Use the task's status_endpoint."),
    "invalid_task_state": (
        409,
        "the task has come to its end",
        "Read its status, and evaluate again.",
    ),
}


class AccessProblem(InterlockError):
    """A request for approval that is not taken; nothing was put before anybody."""

    exit_code = 2

    def __init__(self, code: Trouble) -> None:
        self.code = code
        self.status, self.why, self.next_step = _TEXTS[code]
        super().__init__(f"access request: {self.why}. {self.next_step}")

    @property
    def type(self) -> str:
        """The problem type of the draft."""
        return f"{_TYPE}{self.code}"
