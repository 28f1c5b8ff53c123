"""Mail: RFC 5322 messages into an outbox folder, or to an SMTP server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib
from pydantic import Field

from interlock.runtime.door.tool import (
    Acted,
    AnyTool,
    Readback,
    ToolFailed,
    ToolPartlyActed,
    Value,
    tool,
)
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import Resource
from interlock.tools import files
from interlock.tools.reports import Report, Reports

#: From the least restricted data to the most
_CLEARANCES: Final[tuple[Confidentiality, ...]] = ("public", "internal", "confidential")
#: How sending a mail fails
CODES: Final = (
    "mail",
    "mail_refused",
    "mail_partly_sent",
    "outbox",
    "smtp",
    "no_report",
)


class Attachment(Value):
    """One report of the same run, by name and content: what was approved is what is sent."""

    name: str
    sha256: str


class Mail(Value):
    """One message."""

    to: list[str]
    cc: list[str] = Field(default_factory=list)
    subject: str
    body: str
    attachments: list[Attachment] = Field(default_factory=list)


class Sent(Value):
    """A message that left; its id is the action's idempotency key."""

    message_id: str
    to: list[str]


class Outbox(Protocol):
    """Where messages go; *idempotent* says whether delivering a key twice delivers once."""

    @property
    def idempotent(self) -> bool:
        """See the class."""
        ...

    @property
    def read(self) -> Callable[[str], Awaitable[bytes]] | None:
        """Return the message that was delivered under a key; None where nobody can read one."""
        ...

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Deliver *message* to every recipient.

        Raises `ToolFailed` only when it certainly reached nobody, and `ToolPartlyActed` when it
        reached some and not others.
        """
        ...


class FolderOutbox:
    """Writes each message as one file named by its key; a key that is there stays as it is."""

    idempotent = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Write the message whole or not at all, durably, for its owner alone."""
        target = self._file(key)
        try:
            if target.exists():
                files.sync(self._folder)  # whoever wrote it may have died before this
            else:
                files.write(target, message.as_bytes(policy=SMTP))
        except OSError as error:
            raise ToolFailed(
                code="outbox", detail=f"{target}: {error.strerror}"
            ) from error

    async def read(self, key: str) -> bytes:
        """Return the file of the key; raises OSError."""
        return await asyncio.to_thread(self._file(key).read_bytes)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key[:32]}.eml"


class SmtpOutbox:
    """Hands each message to one SMTP server over TLS; a key delivered twice is two mails."""

    idempotent = False
    read = None

    def __init__(
        self,
        *,
        host: str,
        port: int,
        tls: bool = True,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Send the message.

        A refused connection and a server that takes no recipient are certain failures; anything
        else that breaks is not. A server that takes some of the recipients has done a part.
        """
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            start_tls=self._tls,
            timeout=30,
        )
        try:
            await client.connect()
        except (
            aiosmtplib.SMTPConnectError,
            aiosmtplib.SMTPConnectTimeoutError,
            OSError,
        ) as error:
            raise ToolFailed(
                code="smtp", detail=f"{self._host}:{self._port}: {error}"
            ) from error
        async with client:
            try:
                refused, _ = await client.send_message(message)
            except aiosmtplib.SMTPRecipientsRefused as error:
                names = {each.recipient: each.code for each in error.recipients}
                detail = f"the server took no recipient: {_answers(names)}"
                raise ToolFailed(code="mail_refused", detail=detail) from error
        if refused:
            raise _partly(message, {name: said.code for name, said in refused.items()})


def _partly(message: EmailMessage, refused: Mapping[str, int]) -> ToolPartlyActed:
    """Return the error that names whom the mail reached, and whom the server refused."""
    recipients = [*_addresses(message, "To"), *_addresses(message, "Cc")]
    reached = ", ".join(name for name in recipients if name not in refused)
    detail = f"the server took it for {reached}, and refused {_answers(refused)}"
    return ToolPartlyActed(code="mail_partly_sent", detail=detail)


def _addresses(message: EmailMessage, header: str) -> list[str]:
    """Return the plain addresses in a header."""
    if not message[header]:
        return []
    return [
        address.addr_spec for address in message[header].addresses if address.domain
    ]


def _answers(refused: Mapping[str, int]) -> str:
    """Return the refused addresses with the server's codes; its words are left out."""
    return ", ".join(f"{name} ({code})" for name, code in refused.items())


def mail_tools(
    *,
    outbox: Outbox,
    reports: Reports,
    sender: str,
    clearances: Mapping[str, Confidentiality],
) -> tuple[AnyTool, ...]:
    """Return `mail.send`.

    *clearances* names, by recipient domain, the most restricted data that the domain may get; a
    domain that is not listed gets public data.
    """

    def mailbox(mail: Mail) -> Resource:
        recipients = [*mail.to, *mail.cc]
        domains = [_domain(address) for address in recipients]
        clearance = _lowest(clearances.get(domain, "public") for domain in domains)
        return Resource(
            type="mailbox",
            id=",".join(recipients),
            clearance=clearance,
        )

    @tool(
        "mail.send",
        action="irreversible",
        idempotent=outbox.idempotent,
        readback=_readback(outbox, sender=sender),
        resource=mailbox,
        codes=CODES,
    )
    async def send(permit: Permit, mail: Mail) -> Sent:
        """Send one mail, with the report of this run attached when asked for."""
        attached = [
            await reports.named(permit.run_id, **attachment.model_dump())
            for attachment in mail.attachments
        ]
        message = compose(
            mail,
            sender=sender,
            key=permit.key,
            reports=attached,
        )
        await outbox.deliver(message, key=permit.key)
        return Sent(message_id=str(message["Message-ID"]), to=mail.to)

    return (send,)


def _domain(address: str) -> str:
    _, _, domain = address.rpartition("@")
    return domain.lower()


def _lowest(clearances: Iterable[Confidentiality]) -> Confidentiality:
    return min(clearances, key=_CLEARANCES.index, default="public")


def _readback(outbox: Outbox, *, sender: str) -> Readback[Mail, Sent] | None:
    """Return what compares a delivered mail with the one that was wanted, part for part."""
    read = outbox.read
    if read is None:
        return None

    async def stands(acted: Acted[Mail, Sent]) -> bool:
        message = compose(
            acted.arguments,
            sender=sender,
            key=acted.key,
            reports=(),
        )
        wanted = _parsed(message.as_bytes(policy=SMTP))
        delivered = _parsed(await read(acted.key))
        return (
            _said(delivered) == _said(wanted)
            and delivered["Message-ID"] == acted.result.message_id
            and _attached(delivered) == acted.arguments.attachments
        )

    return stands


def _parsed(content: bytes) -> EmailMessage:
    return BytesParser(policy=SMTP).parsebytes(content)


def _said(message: EmailMessage) -> list[str]:
    """Return from whom, for whom and about what a message is, and its text."""
    headers = ("Message-ID", "From", "To", "Cc", "Subject")
    body = message.get_body(("plain",))
    text = "" if body is None else body.get_content()
    return [*(str(message[header]) for header in headers), text.rstrip()]


def _attached(message: EmailMessage) -> list[Attachment]:
    return [
        Attachment(
            name=part.get_filename() or "",
            sha256=sha256(bytes(part.get_payload(decode=True))).hexdigest(),
        )
        for part in message.iter_attachments()
    ]


def compose(
    mail: Mail,
    *,
    sender: str,
    key: str,
    reports: Sequence[Report],
) -> EmailMessage:
    """Return the message, identified by *key*, with every report attached.

    Raises `ToolFailed` for a header that cannot be written (a line break in it, say).
    """
    message = EmailMessage()
    try:
        message["From"] = sender
        message["To"] = ", ".join(mail.to)
        message["Subject"] = mail.subject
        if mail.cc:
            message["Cc"] = ", ".join(mail.cc)
        _check_line("Subject", mail.subject)
        _check_plain(message, "To", mail.to)
        _check_plain(message, "Cc", mail.cc)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{key[:32]}@interlock.invalid>"
        message.set_content(mail.body)
        for report in reports:
            # As bytes: the content that was approved leaves byte for byte.
            message.add_attachment(
                report.page.encode(),
                maintype="text",
                subtype="html",
                filename=report.name,
                params={"charset": "utf-8"},
            )
    except ValueError as error:
        raise ToolFailed(code="mail", detail=str(error)) from error
    return message


def _check_line(header: str, text: str) -> None:
    """Raise ValueError for a line break at the end, after which all other headers would be text.

    The message itself refuses any other.
    """
    if text.splitlines() not in ([], [text]):
        raise ValueError(f"{header} ends with a line break")


def _check_plain(message: EmailMessage, header: str, wanted: list[str]) -> None:
    """Raise ValueError unless the header holds exactly the plain addresses *wanted*.

    A name or a second address in one text could send the mail to a person whom no reviewer saw.
    """
    addresses = _addresses(message, header)
    if addresses != wanted:
        raise ValueError(
            f"{header} holds {addresses}, not the {len(wanted)} addresses {wanted}"
        )
