"""Mail: RFC 5322 messages into an outbox folder, or to an SMTP server."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib
from pydantic import Field

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.policy.request import Resource
from interlock.tools import files


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

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Deliver *message*; raises `ToolFailed` only when it certainly was not."""
        ...


class FolderOutbox:
    """Writes each message as one file named by its key; a key that is there already is left as it is."""

    idempotent = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Write the message whole or not at all, durably, for its owner alone."""
        target = self._folder / f"{key[:32]}.eml"
        try:
            if target.exists():
                files.sync(self._folder)  # whoever wrote it may have died before this
            else:
                files.write(target, message.as_bytes(policy=SMTP))
        except OSError as error:
            raise ToolFailed(code="outbox", detail=f"{target}: {error.strerror}") from error


class SmtpOutbox:
    """Hands each message to one SMTP server over TLS; a second delivery of a key is a second mail."""

    idempotent = False

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        tls: bool = True,
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._username, self._password = username, password

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Send the message; a refused connection is a certain failure, anything later is not."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, start_tls=self._tls, timeout=30
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPConnectTimeoutError, OSError) as error:
            raise ToolFailed(code="smtp", detail=f"{self._host}:{self._port}: {error}") from error
        async with client:
            if self._username and self._password:
                await client.login(self._username, self._password)
            await client.send_message(message)


def mail_tools(
    *, outbox: Outbox, reports: Path, sender: str, clearances: Mapping[str, Confidentiality]
) -> tuple[AnyTool, ...]:
    """Return `mail.send`; *clearances* says how restricted the data may be that each recipient domain gets."""

    def mailbox(mail: Mail) -> Resource:
        order: tuple[Confidentiality, ...] = ("public", "internal", "confidential")
        domains = [address.rpartition("@")[2].lower() for address in (*mail.to, *mail.cc)]
        held: list[Confidentiality] = [clearances.get(domain, "public") for domain in domains]
        lowest: Confidentiality = min(held, key=order.index, default="public")
        return Resource(type="mailbox", id=",".join((*mail.to, *mail.cc)), clearance=lowest)

    @tool(
        "mail.send",
        action="irreversible",
        idempotent=outbox.idempotent,
        resource=mailbox,
    )
    async def send(permit: Permit, mail: Mail) -> Sent:
        """Send one mail, with the report of this run attached when asked for."""
        message = compose(mail, sender=sender, key=permit.key, reports=reports / permit.run_id)
        await outbox.deliver(message, key=permit.key)
        return Sent(message_id=str(message["Message-ID"]), to=mail.to)

    return (send,)


def compose(mail: Mail, *, sender: str, key: str, reports: Path) -> EmailMessage:
    """Return the message, identified by *key*.

    Raises `ToolFailed` for a header that cannot be written (a line break in it, say) and for a
    report that is not there or has changed since it was named.
    """
    message = EmailMessage()
    try:
        message["From"], message["To"], message["Subject"] = (
            sender,
            ", ".join(mail.to),
            mail.subject,
        )
        if mail.cc:
            message["Cc"] = ", ".join(mail.cc)
        _plain(message, "To", mail.to)
        _plain(message, "Cc", mail.cc)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{key[:32]}@interlock.invalid>"
        message.set_content(mail.body)
        for attachment in mail.attachments:
            _attach(message, reports, attachment)
    except (ValueError, OSError) as error:
        raise ToolFailed(code="mail", detail=str(error)) from error
    return message


def _plain(message: EmailMessage, header: str, wanted: list[str]) -> None:
    """Refuse anything but plain addresses: a name or a second address in one would reach somebody nobody was shown."""
    addresses = (
        [each.addr_spec for each in message[header].addresses if each.domain]
        if message[header]
        else []
    )
    if addresses != wanted:
        raise ValueError(f"{header} holds {addresses}, not the {len(wanted)} addresses {wanted}")


def _attach(message: EmailMessage, reports: Path, wanted: Attachment) -> None:
    path = (reports / wanted.name).resolve()
    if not path.is_relative_to(reports.resolve()):
        raise ValueError(f"{wanted.name!r} is not a report of this run")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != wanted.sha256:
        raise ValueError(
            f"report {wanted.name!r} is not the one that was named: its content has changed"
        )
    message.add_attachment(
        content, maintype="text", subtype="html", filename=path.name, params={"charset": "utf-8"}
    )
