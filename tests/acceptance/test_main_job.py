"""The main job: contracts are reviewed under the rails, and a mail leaves only when a person lets
it.
"""

from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from interlock.tools.page import visible

#: What a script may rely on
REVIEW = {
    "run_id",
    "status",
    "document",
    "findings",
    "risk",
    "consulted",
    "decisions",
    "waiting",
    "spend",
    "ledger",
}
DOCUMENT = {"digest", "name", "chars", "pages"}
FINDING = {
    "category",
    "start",
    "end",
    "text",
    "confidence",
    "page",
    "place",
    "section",
    "changed",
    "bound",
    "answer",
    "polarity",
    "source",
}
DECISION = {"id", "tool", "effect", "reasons", "revision"}
DEMO = {"home", "runs", "effects", "denied", "waiting", "forbidden_effects", "ledger"}
AT_LEAST = 40  # findings in the three contracts
PAGE_LINES = 40


class Page(HTMLParser):
    """What a browser would see: every tag with its attributes, and the text of every quotation."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.quotations: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if tag == "blockquote":
            self.quotations.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "blockquote" in self.open:
            self.quotations[-1] += data


def mails(home: Path) -> list[EmailMessage]:
    """Return what lies in the outbox."""
    parser = BytesParser(policy=policy.default)
    return [
        parser.parsebytes(path.read_bytes())
        for path in sorted((home / "outbox").glob("*"))
    ]


def test_the_demo_says_what_it_promised(reviewed: Any) -> None:
    """The demo prints four runs with every promised field, its home, its effects and the verified
    ledger.
    """
    found = reviewed.found

    assert found.keys() >= DEMO
    assert found["home"] == str(reviewed.home)
    assert len(found["runs"]) == 4
    assert all(seen.keys() >= REVIEW for seen in found["runs"])
    assert all(seen["document"].keys() == DOCUMENT for seen in found["runs"])
    assert all(
        seen["risk"].keys() >= {"score", "tier", "contributions"}
        for seen in found["runs"]
    )
    assert all(seen["ledger"].keys() == {"size", "root"} for seen in found["runs"])
    assert all(each.keys() == {"tool", "run_id", "state"} for each in found["effects"])
    assert found["ledger"]["valid"] is True
    assert found["ledger"]["problems"] == []


def test_the_contracts_are_read(reviewed: Any) -> None:
    """The three real contracts yield at least forty clauses, each with a risk of its own."""
    contracts = [
        seen
        for seen in reviewed.found["runs"]
        if seen["document"]["name"].endswith(".pdf")
    ]

    assert len(contracts) == 3
    assert sum(len(seen["findings"]) for seen in contracts) >= AT_LEAST
    assert all(
        seen["risk"]["score"]
        == sum(each["points"] for each in seen["risk"]["contributions"])
        for seen in contracts
    )
    assert all(seen["document"]["pages"] > 1 for seen in contracts)


def test_every_finding_stands_in_its_document(
    reviewed: Any, command: Callable[..., Any]
) -> None:
    """Every quotation is the document's text at its offsets, on the page it names, as anyone can
    check.
    """
    for seen in reviewed.found["runs"]:
        read = command(
            reviewed.home, "document", "text", seen["document"]["digest"], "--json"
        ).value
        text, pages = read["text"], [*read["pages"], len(read["text"]) + 1]
        bounds = dict(enumerate(pairwise(pages), start=1))
        assert len(text) == seen["document"]["chars"]
        assert seen["findings"]
        for each in seen["findings"]:
            first, last = bounds[each["page"] or 1]  # 0 where there are no pages
            assert each.keys() == FINDING
            assert text[each["start"] : each["end"]] == each["text"]
            assert first <= each["start"] < last
            assert 0 < each["confidence"] <= 1


def test_the_text_is_printed_as_it_is(
    reviewed: Any, command: Callable[..., Any]
) -> None:
    """`document text` prints the very text that offsets refer to, with nothing of its own."""
    digest = reviewed.found["runs"][0]["document"]["digest"]
    printed = command(reviewed.home, "document", "text", digest)

    assert (
        printed.out
        == command(reviewed.home, "document", "text", digest, "--json").value["text"]
    )


def test_every_decision_is_explained(reviewed: Any) -> None:
    """Every decision has a reason with a code and a rule, and the policy revision it was made
    under.
    """
    revision = reviewed.found["policy"]["revision"]
    decisions = [each for seen in reviewed.found["runs"] for each in seen["decisions"]]

    assert all(each.keys() >= DECISION for each in decisions)
    assert all(
        each["reasons"] and all(why["code"] and why["rule"] for why in each["reasons"])
        for each in decisions
    )
    assert {each["revision"] for each in decisions} == {revision}


def test_nothing_irreversible_happened(reviewed: Any) -> None:
    """Each run's mail to those it may write to waits for a person, none left, and no forbidden
    effect is in the world.
    """
    found = reviewed.found
    states = [
        [each["state"] for each in seen["decisions"] if each["tool"] == "mail.send"]
        for seen in found["runs"]
    ]

    assert [seen["status"] for seen in found["runs"]] == ["waiting"] * 4
    assert all(
        each.count("waiting") == 1 and set(each) <= {"waiting", "denied"}
        for each in states
    )
    assert [len(seen["waiting"]) for seen in found["runs"]] == [1] * 4
    assert found["waiting"] == 4
    assert mails(reviewed.home) == []
    assert found["forbidden_effects"] == 0
    assert found["denied"] >= 1


@pytest.mark.parametrize("kept", [False, True], ids=["the demo's page", "reports"])
def test_the_pages_are_inert(
    reviewed: Any, reports: Callable[..., Any], kept: bool
) -> None:
    """A page parses, holds every clause as text, and reaches for nothing: no script, image, frame
    or URL; its links lead to its own clauses.
    """
    # A report names a party once and quotes none.
    seen = [each for each in reviewed.found["runs"] if not kept or each["findings"]]
    wanted = sorted(
        visible(each["text"])
        for run in seen
        for each in run["findings"]
        if not kept or each["category"] != "Parties"
    )
    if kept:
        texts = list(reports(reviewed.home).values())
    else:
        texts = [(reviewed.home / "report.html").read_text("utf-8")]
    pages = [Page(text) for text in texts]
    tags = [tag for each in pages for tag in each.tags]

    assert len(texts) == (4 if kept else 1)
    assert sorted(text for each in pages for text in each.quotations) == wanted
    assert [each.open for each in pages] == [[]] * len(pages)
    assert {name for name, _ in tags} & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "svg",
    } == set()
    assert [
        name
        for _, given in tags
        for name in given
        if name in {"src", "action", "style"} or name[:2] == "on"
    ] == []
    links = [given["href"] for _, given in tags if "href" in given]
    targets = {given["id"] for _, given in tags if "id" in given}
    assert links
    assert [link for link in links if not link or link[1:] not in targets] == []
    assert {link[0] for link in links if link} == {"#"}
    assert all("url(" not in text and "@import" not in text for text in texts)


def test_the_demo_is_a_page_and_leaves_nothing_behind(
    tmp_path: Path, command: Callable[..., Any]
) -> None:
    """Without a folder of its own, the demo prints one page and removes keys, database and
    mails.
    """
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ran = command(tmp_path / "home", "demo", TMPDIR=str(temporary))

    assert ran.code == 0
    assert len(ran.out.splitlines()) <= PAGE_LINES
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "home").exists()


def test_a_person_lets_one_mail_go(
    demo: Any, command: Callable[..., Any], reports: Callable[..., Any]
) -> None:
    """What the reviewer approves happens once, exactly as it was shown; what nobody approved still
    waits.
    """
    chosen, *others = demo.found["approvals"]
    shown = command(demo.home, "approvals", "show", chosen, "--json").value
    verdict = ("--as", "rhea", "--note", "checked", "--json")
    approved = command(
        demo.home,
        "approvals",
        "approve",
        chosen,
        "--evidence",
        shown["evidence_digest"],
        *verdict,
    )
    again = command(demo.home, "approvals", "approve", chosen, *verdict)
    waiting = command(demo.home, "approvals", "list", "--json").value
    (mail,) = mails(demo.home)
    (report,) = mail.iter_attachments()
    run_id = shown["run_id"]

    assert shown["evidence"]["arguments"]["to"] == ["legal@example.com"]
    assert approved.code == 0
    assert (approved.value["run_id"], approved.value["status"]) == (run_id, "done")
    assert [
        each["state"]
        for each in approved.value["decisions"]
        if each["tool"] == "mail.send"
    ] == ["done"]
    assert (mail["To"], mail["Cc"]) == ("legal@example.com", None)
    assert mail["Subject"] == shown["evidence"]["arguments"]["subject"]
    assert report.get_content() == reports(demo.home)[run_id]
    assert again.code == 2
    assert "used, not waiting" in again.err
    assert sorted(each["id"] for each in waiting) == sorted(others)
    assert command(demo.home, "audit", "verify", "--json").value["valid"] is True


def test_a_person_says_no(demo: Any, command: Callable[..., Any]) -> None:
    """A rejected action is denied, its run ends, and no mail leaves."""
    chosen = demo.found["approvals"][0]
    rejected = command(
        demo.home,
        "approvals",
        "reject",
        chosen,
        "--as",
        "rhea",
        "--note",
        "not yet",
        "--json",
    )
    (sent,) = [
        each for each in rejected.value["decisions"] if each["tool"] == "mail.send"
    ]

    assert rejected.code == 4
    assert (sent["effect"], sent["state"]) == ("deny", "denied")
    assert [why["code"] for why in sent["reasons"]] == ["approval_rejected"]
    assert rejected.value["status"] == "done"
    assert mails(demo.home) == []
