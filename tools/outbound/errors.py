"""Why a request came back without an answer: whether it left is what a tool has to know."""

from typing import Literal, TypeAlias

#: Why nothing was sent
Unsent: TypeAlias = Literal[
    "not_resolved",  # the name has no address
    "address_refused",  # an address that this destination may not be reached at
    "not_connected",  # nobody there, no TLS, or a certificate of somebody else
    "unsendable",  # HTTP has no form for it
]
#: Why what came back is no answer
Unfit: TypeAlias = Literal[
    "late",  # nothing whole in time
    "cut_off",  # the connection ended in the middle
    "redirected",  # it names another place; nobody goes there
    "encoded",  # compressed, though nobody asked for that
    "too_large",
]


class NotSent(Exception):
    """Nothing left: whoever is at *where* has seen no part of the request."""

    def __init__(self, *, code: Unsent, where: str, why: str) -> None:
        self.code = code
        self.where = where
        self.why = why
        super().__init__(f"{where}: nothing was sent, {why}")


class Spoilt(Exception):
    """The request left, and may have been acted on; what came back is not used, in no part."""

    def __init__(self, *, code: Unfit, where: str, why: str) -> None:
        self.code = code
        self.where = where
        self.why = why
        super().__init__(f"{where}: {why}")
