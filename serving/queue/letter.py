"""A mail as it will look: its text in a box, and each address in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.serving.queue.hidden import Part, parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """One address, and what its domain is called on the wire where that looks otherwise."""

    parts: tuple[Part, ...]
    #: The domain in ASCII where it is written otherwise, or in letters where it is written so
    other_spelling: str
    #: The most restricted data that the domain may get
    clearance: str
    is_foreign: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One mail."""

    sender: str
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: tuple[Part, ...]
    body: tuple[Part, ...]
    attachments: tuple[Mapping[str, str], ...]


def letter(
    arguments: Mapping[str, Any], *, sender: str, clearances: Mapping[str, str]
) -> Letter:
    """Return the mail that `mail.send` would send with these arguments."""

    def addresses(name: str) -> tuple[Address, ...]:
        return tuple(_address(text, clearances) for text in arguments.get(name, ()))

    return Letter(
        sender=sender,
        to=addresses("to"),
        cc=addresses("cc"),
        subject=tuple(parts(arguments["subject"])),
        body=tuple(parts(arguments["body"])),
        attachments=tuple(arguments.get("attachments", ())),
    )


def _address(text: str, clearances: Mapping[str, str]) -> Address:
    domain = text.rpartition("@")[2].lower()
    other = _other_spelling(domain)
    return Address(
        parts=tuple(parts(text)),
        other_spelling=other,
        clearance=clearances.get(domain, "public"),
        is_foreign=bool(other) or not text.isascii(),
    )


def _other_spelling(domain: str) -> str:
    """Return the domain in Punycode, or what its Punycode stands for; empty for neither."""
    try:
        spelt = (
            domain.encode("ascii").decode("idna")
            if domain.isascii()
            else domain.encode("idna").decode()
        )
    except UnicodeError:
        return "no domain that can be reached"
    return "" if spelt == domain else spelt
