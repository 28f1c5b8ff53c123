"""A run is carried on by another machine: database, keys and witness are all that it needs."""

import shutil
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.policy.request import Principal
from interlock.serving import workspace
from interlock.serving.home import opened
from interlock.serving.settings import BUNDLE
from interlock.tools.contracts.finder import ConfinedFinder

CONTRACTS: Final = Path(__file__).resolve().parents[2] / "evals" / "data" / "contracts"
NEEDED: Final = ("interlock.db", "keys", "checkpoints")


async def test_a_review_goes_on_where_its_file_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract and the first machine are gone: the approved mail leaves with the report, and
    the contract was extracted once in all.
    """
    extracted: list[str] = []
    find = ConfinedFinder.find

    async def counted(self: ConfinedFinder, text: str) -> Any:
        extracted.append(text)
        return await find(self, text)

    monkeypatch.setattr(ConfinedFinder, "find", counted)
    first, second = tmp_path / "first", tmp_path / "second"
    contract = tmp_path / "contract.pdf"
    shutil.copy(CONTRACTS / "domini-sponsorship-agreement.pdf", contract)
    async with opened(workspace.read({}, bundle=BUNDLE, home=first)) as home:
        run = await home.start(
            path=contract, notify=["legal@example.com"], person="ana"
        )
        (approval,) = (await home.drive(run)).waiting
    second.mkdir()
    kept = sorted(path.name for path in first.iterdir())
    for name in NEEDED:
        (first / name).rename(second / name)
    shutil.rmtree(first)
    contract.unlink()
    async with opened(workspace.read({}, bundle=BUNDLE, home=second)) as home:
        rhea = Principal(id="rhea", tenant=run.tenant, roles=("reviewer",))
        shown = (await home.approvals.read(approval)).evidence_digest
        await home.approvals.decide(
            approval, reviewer=rhea, verdict="approved", shown=shown, note="checked"
        )
        ended = await home.drive(await home.runs.claim(run.id))
        report = await home.reports.newest(run.id)
    (path,) = second.glob("outbox/*.eml")
    mail: Any = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    (attachment,) = mail.iter_attachments()

    assert ended.status == "done"
    assert attachment.get_content() == report.page
    assert len(extracted) == 1
    assert [name for name in kept if "review" in name or "report" in name] == []
