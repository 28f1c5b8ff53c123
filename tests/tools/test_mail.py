"""Mail: what was approved is what is sent, once, to nobody else, and a message that cannot be one
is not sent at all.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Failed, Unknown
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.policy.label import Confidentiality
from interlock.runtime.testing import World
from interlock.tools.mail import (
    Attachment,
    FolderOutbox,
    Mail,
    Outbox,
    SmtpOutbox,
    compose,
    mail_tools,
)
from interlock.tools.reports import Report

KEY = "0123456789abcdef" * 4
CLEARANCES: dict[str, Confidentiality] = {
    "example.com": "confidential",
    "example.org": "internal",
}
PAGE = "<p>caf\u00e9</p>"
REPORT = Report(name="review.html", page=PAGE, sha256="0" * 64)


def mail(**fields: Any) -> Mail:
    """Return a mail, with *fields* of the test's choice."""
    return Mail(
        **{"to": ["a@example.com"], "subject": "Contract review", "body": "Done.\n"}
        | fields
    )


def parsed(data: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(data)
    assert message.defects == []
    return message


async def test_a_message_is_a_message(tmp_path: Path) -> None:
    """What lies in the outbox parses as RFC 5322 without a defect and says what the mail said,
    attachment included.
    """
    wanted = mail(
        cc=["b@example.com"],
        subject="Pr\u00fcfung \u2013 fertig",
        body="Gr\u00fc\u00dfe\n",
    )
    await FolderOutbox(tmp_path / "outbox").deliver(
        compose(wanted, sender="interlock@example.com", key=KEY, reports=[REPORT]),
        key=KEY,
    )
    (path,) = (tmp_path / "outbox").iterdir()
    message = parsed(path.read_bytes())
    (report,) = message.iter_attachments()
    body = message.get_body(("plain",))

    assert path.name == f"{KEY[:32]}.eml"
    assert (message["From"], message["To"], message["Cc"]) == (
        "interlock@example.com",
        "a@example.com",
        "b@example.com",
    )
    assert message["Subject"] == wanted.subject
    assert message["Message-ID"] == f"<{KEY[:32]}@interlock.invalid>"
    assert body is not None
    assert body.get_content().splitlines() == wanted.body.splitlines()
    assert (report.get_filename(), report.get_content()) == ("review.html", PAGE)


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Review\r\nBcc: eve@example.net"},
        {"subject": "Review\nBcc: eve@example.net"},
        {"subject": "Review\n"},
        {"to": ["a@example.com\r\nBcc: eve@example.net"]},
        {"cc": ["a@example.com\nX: y"]},
    ],
)
def test_a_header_cannot_be_injected(fields: dict[str, Any]) -> None:
    """A line break in a subject or an address is refused: it would begin a header nobody
    approved.
    """
    with pytest.raises(ToolFailed) as refused:
        compose(mail(**fields), sender="interlock@example.com", key=KEY, reports=())

    assert refused.value.code == "mail"


@pytest.mark.parametrize(
    "address",
    [
        "eve@example.net, a@example.com",
        "a@example.com <eve@example.net>",
        "eve@example.net>, <a@example.com",
        "team: a@example.com;",
        "nobody",
        "",
    ],
)
def test_an_address_is_one_address(address: str) -> None:
    """A string that a mail server would read as another address, or as several, is refused."""
    for wanted in (mail(to=[address]), mail(cc=[address])):
        with pytest.raises(ToolFailed) as refused:
            compose(wanted, sender="interlock@example.com", key=KEY, reports=())

        assert refused.value.code == "mail"


ATTACHED = [
    ({}, True),
    ({"sha256": "0" * 64}, False),
    ({"name": "../review.html"}, False),
    ({"name": ""}, False),
]


@pytest.mark.parametrize(
    ("fields", "goes"), ATTACHED, ids=["its own", "changed", "path", "empty"]
)
@pytest.mark.parametrize("own", [True, False], ids=["this run", "another run"])
async def test_only_a_report_of_the_run_is_attached(
    office: Any, tmp_path: Path, fields: dict[str, str], goes: bool, own: bool
) -> None:
    """A mail goes with the report that this run wrote, named by name and content; with any other
    nothing goes.
    """
    run = await office.reviewed()
    written: Any = await office.propose(run, "report.write", document="sha256:ab")
    sender = run if own else await office.reviewed()
    (send,) = mail_tools(
        outbox=FolderOutbox(tmp_path / "outbox"),
        reports=office.reports,
        sender="i@example.com",
        clearances=CLEARANCES,
    )
    office.world.add(send)
    office.world.pdp.effects[send.name] = "permit"
    wanted = mail(attachments=[Attachment(**written.value.model_dump() | fields)])
    outcome = await office.propose(sender, "mail.send", **wanted.model_dump())
    mails = list(tmp_path.glob("outbox/*"))

    if goes and own:
        (path,) = mails
        (report,) = parsed(path.read_bytes()).iter_attachments()
        assert report.get_content() == (await office.reports.newest(run.id)).page
    else:
        assert isinstance(outcome, Failed)
        assert outcome.code == "no_report"
        assert mails == []


class Forger(FolderOutbox):
    """An outbox that delivers the mail *forged*, whatever it is given."""

    forged: Mail | None = None

    async def deliver(self, message: EmailMessage, *, key: str) -> None:
        """Deliver another mail than was wanted, once there is one."""
        if self.forged:
            message = compose(self.forged, sender="i@example.com", key=key, reports=())
        await super().deliver(message, key=key)


ODD: tuple[dict[str, Any], ...] = (
    {},
    {"subject": " Pr\u00fcfung  " + "fertig " * 40, "body": "Gr\u00fc\u00dfe"},
    {"subject": "", "body": ""},
    {"cc": ["b@example.com"], "body": "a\r\nb\n\n c \n"},
    {"body": "long " * 400 + "\n.\nFrom x\n"},
)


async def test_a_mail_is_read_back_from_its_outbox(office: Any, tmp_path: Path) -> None:
    """Whatever a mail says, its file bears the answer out; a file that is another mail, or has
    another attachment, makes the mail unknown.
    """
    run = await office.reviewed()
    written: Any = await office.propose(run, "report.write", document="sha256:ab")
    attached = [Attachment(**written.value.model_dump())]
    outbox = Forger(tmp_path / "outbox")
    (send,) = mail_tools(
        outbox=outbox,
        reports=office.reports,
        sender="i@example.com",
        clearances=CLEARANCES,
    )
    office.world.add(send)
    office.world.pdp.effects[send.name] = "permit"
    wanted = [mail(**fields, attachments=attached) for fields in ODD]
    for number, one in enumerate(wanted):
        outcome = await office.propose(
            run, "mail.send", str(number), **one.model_dump()
        )
        assert isinstance(outcome, Done), one
    await office.world.store.durable(run.claim)
    seen = [entry.get("readback") for entry in await office.world.entries()]
    assert seen.count("confirmed") == len(ODD)

    outbox.forged = mail(attachments=[])
    for fields in ({"attachments": attached}, {"to": ["b@example.com"]}, {"body": ""}):
        other = mail(**fields).model_dump()
        outcome = await office.propose(run, "mail.send", str(fields), **other)
        assert isinstance(outcome, Unknown), fields


async def test_a_key_is_one_file(tmp_path: Path) -> None:
    """Delivering a key a second time leaves the first message as it is, and no half-written
    file.
    """
    outbox = FolderOutbox(tmp_path / "outbox")
    for subject in ("first", "second"):
        await outbox.deliver(
            compose(mail(subject=subject), sender="i@example.com", key=KEY, reports=()),
            key=KEY,
        )
    (path,) = (tmp_path / "outbox").iterdir()

    assert parsed(path.read_bytes())["Subject"] == "first"


async def test_a_delivered_mail_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else reads a mail in the outbox, or sees that there is one."""
    await FolderOutbox(tmp_path / "outbox").deliver(
        compose(mail(), sender="i@example.com", key=KEY, reports=()), key=KEY
    )
    (path,) = (tmp_path / "outbox").iterdir()

    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )


async def test_a_mail_whose_writer_died_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivering a mail that is there already makes its name durable: who wrote it may have died
    before that.
    """
    outbox = FolderOutbox(tmp_path / "outbox")
    message = compose(mail(), sender="i@example.com", key=KEY, reports=())
    await outbox.deliver(message, key=KEY)
    synced: list[int] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino)
    )
    await outbox.deliver(message, key=KEY)

    assert synced == [(tmp_path / "outbox").stat().st_ino]


async def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A folder that cannot be made is a certain failure."""
    (tmp_path / "outbox").write_text("a file", "utf-8")

    with pytest.raises(ToolFailed, match="outbox"):
        await FolderOutbox(tmp_path / "outbox").deliver(
            compose(mail(), sender="i@example.com", key=KEY, reports=()), key=KEY
        )


@pytest.mark.parametrize(
    ("to", "cc", "clearance"),
    [
        (["a@example.com"], [], "confidential"),
        (["a@example.com"], ["b@example.org"], "internal"),
        (["a@example.com", "b@example.org", "c@example.net"], [], "public"),
        (["a@EXAMPLE.com"], [], "confidential"),
        (["a@example.com.evil.net"], [], "public"),
        (["example.com"], [], "confidential"),
        ([], [], "public"),
    ],
)
def test_the_lowest_recipient_decides(
    to: list[str], cc: list[str], clearance: str, tmp_path: Path
) -> None:
    """A mail is cleared for what its least cleared recipient may get; an unknown domain gets public
    data only.
    """
    (send,) = mail_tools(
        outbox=FolderOutbox(tmp_path),
        reports=None,  # type: ignore[arg-type]  # nothing is attached
        sender="i@example.com",
        clearances=CLEARANCES,
    )

    assert send.resource(mail(to=to, cc=cc)).clearance == clearance


@dataclass
class Server:
    """The smallest SMTP server: it keeps what it was sent, and hangs up where it is told to."""

    hangs_up_at: bytes = b""
    #: Recipients that it does not know
    strangers: frozenset[str] = frozenset()
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        """Listen on loopback."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        receivers: list[str] = []
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().rstrip()
            if verb == self.hangs_up_at:
                break
            if verb == b"RCPT":
                receiver = line.partition(b"<")[2].partition(b">")[0].decode()
                if receiver in self.strangers:
                    writer.write(b"550 no such user\r\n")
                    continue
                receivers.append(receiver)
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((receivers, await reader.readuntil(b"\r\n.\r\n")))
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()
        await writer.wait_closed()


def smtp(port: int) -> SmtpOutbox:
    return SmtpOutbox(host="127.0.0.1", port=port, tls=False)


async def sent(outbox: Outbox, folder: Path) -> Any:
    """Send one mail through the door and return what became of it."""
    tools = mail_tools(
        outbox=outbox,
        reports=None,  # type: ignore[arg-type]  # nothing is attached
        sender="interlock@example.com",
        clearances=CLEARANCES,
    )
    async with World(folder / "world", tools=tools) as world:
        run = await world.start()
        arguments = mail(
            to=["a@example.com", "b@example.com"], cc=["c@example.com"]
        ).model_dump()
        return await world.pep.enforce(
            run, tool="mail.send", arguments=arguments, call_id="1"
        )


async def test_a_mail_is_handed_over_once(tmp_path: Path) -> None:
    """A mail reaches the server once, for all its recipients and nobody else."""
    async with Server().serving() as server:
        outcome = await sent(smtp(server.port), tmp_path)
    ((receivers, data),) = server.mails

    assert isinstance(outcome, Done)
    assert sorted(receivers) == ["a@example.com", "b@example.com", "c@example.com"]
    assert parsed(data.removesuffix(b".\r\n"))["Subject"] == "Contract review"


async def test_a_server_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    """A refused connection is a certain failure: nothing was sent, and the action may be proposed
    again.
    """
    async with Server().serving() as server:
        pass
    outcome = await sent(smtp(server.port), tmp_path)

    assert isinstance(outcome, Failed)
    assert outcome.code == "smtp"
    assert f"127.0.0.1:{server.port}" in outcome.detail


async def test_a_server_that_hangs_up_leaves_it_unknown(tmp_path: Path) -> None:
    """When the connection breaks in the midst of a message, nobody knows whether it was taken, and
    it is not repeated.
    """
    async with Server(hangs_up_at=b"DATA").serving() as server:
        outcome = await sent(smtp(server.port), tmp_path)

    assert isinstance(outcome, Unknown)
    assert server.mails == []


async def test_a_mail_that_reached_some_is_never_done(tmp_path: Path) -> None:
    """A recipient whom the server refuses leaves the action unknown, and the others are named."""
    async with Server(strangers=frozenset({"b@example.com"})).serving() as server:
        outcome = await sent(smtp(server.port), tmp_path)

    assert isinstance(outcome, Unknown)
    taken, _, refused = outcome.detail.partition("refused")
    assert [name for name in "abc" if f"{name}@example.com" in taken] == ["a", "c"]
    assert [name for name in "abc" if f"{name}@example.com" in refused] == ["b"]
    assert [receivers for receivers, _ in server.mails] == [
        ["a@example.com", "c@example.com"]
    ]


async def test_a_mail_that_reached_nobody_has_failed(tmp_path: Path) -> None:
    """When the server refuses every recipient the action has failed: nothing was sent."""
    everyone = frozenset({"a@example.com", "b@example.com", "c@example.com"})
    async with Server(strangers=everyone).serving() as server:
        outcome = await sent(smtp(server.port), tmp_path)

    assert isinstance(outcome, Failed)
    assert outcome.code == "mail_refused"
    assert server.mails == []
