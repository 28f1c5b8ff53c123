"""An MCP server as a workspace declares it, and what is borne from one.

What a server says of itself is a claim of a stranger: its hints of what is read-only or repeatable
are never read, and none of its words reaches an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import SecretStr

from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import ActionClass

#: What the names of all such tools begin with
PREFIX: Final = "mcp."
START_S: Final = 30.0  # to start, to agree on a protocol and to list the tools
CALL_S: Final = 50.0  # for one answer; the tool's own deadline of 60 s is over it
STOP_S: Final = 2.0  # to end after its input was closed
MOST_TOOLS: Final = 128
LONGEST_NAME: Final = 58  # of server and tool; the names of models' tools have 64
LARGEST_SCHEMA: Final = (
    32 * 1024
)  # bytes of all that one tool says of itself, but icons
LARGEST_MESSAGE: Final = 1024 * 1024  # bytes
LARGEST_BURST: Final = 16 * 1024 * 1024  # bytes that may come for one message of ours
LARGEST_ANSWER: Final = 256 * 1024  # bytes of text and data that one call gives

#: Why a call gave nothing
Failure: TypeAlias = Literal[
    "mcp_gone", "mcp_timeout", "mcp_refused", "mcp_too_large", "mcp_malformed"
]
_SAID: Final[Mapping[Failure, str]] = {
    "mcp_gone": "the server has ended or cannot be reached; a new process starts it anew",
    "mcp_timeout": f"the server gave no answer within {CALL_S:g} s",
    "mcp_refused": "the server answered with an error, whose words are not passed on",
    "mcp_too_large": f"the answer has more than {LARGEST_ANSWER} bytes",
    "mcp_malformed": "the answer is none that the protocol knows",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """One server: a command that is run, or a URL; and what its tools may do and hold.

    A class that is not declared for a tool is `irreversible`. *clearance* is the most restricted
    data that may be sent to the server, *confidentiality* the label of all that the server says.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    #: Where the command runs
    folder: Path = Path()
    #: Every variable that the command is handed
    environment: Mapping[str, str] = field(default_factory=dict)
    #: The bearer token that the URL asks for
    token: SecretStr | None = None
    clearance: Confidentiality = "public"
    confidentiality: Confidentiality = "confidential"
    classes: Mapping[str, ActionClass] = field(default_factory=dict)
    #: Tools whose second call with the same key has no second effect
    idempotent: frozenset[str] = frozenset()


class ServerFailed(Exception):
    """A call gave no result; *was_sent* says whether the server may have acted.

    The message is ours alone: whatever the server said is left out.
    """

    def __init__(self, code: Failure, *, was_sent: bool) -> None:
        self.code = code
        self.was_sent = was_sent
        self.detail = _SAID[code]
        super().__init__(f"{code}: {self.detail}")
