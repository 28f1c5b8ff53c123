"""What differs between two releases is told with names and values, before a promotion."""

from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.policy.request import Principal
from interlock.serving import releases
from interlock.serving.home import opened
from interlock.serving.models.entry import ModelEntry
from interlock.serving.operations import releases as acts
from interlock.serving.release_difference import Change
from interlock.serving.workspace import open_workspace

ANALYST: Final = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
MODEL: Final = {"name": "m", "url": "http://127.0.0.1:9/v1", "key_variable": "OUR_KEY"}
SHIPPED: Final = (
    Path(__file__).resolve().parents[2] / "tools/contracts/risk/playbooks/customer.yaml"
)


async def _told(
    folder: Path, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Change]:
    """Put a release of one workspace in force, and return what another workspace's changes."""
    async with opened(_settings(folder, before)) as home:
        first = await acts.create(home, person=ANALYST, weights={})
        await acts.promote(home.desk, first.digest, person=REVIEWER, note="agreed")
        storage = home.runtime.storage
        async with opened(_settings(folder, after), candidate=True) as other:
            weights = {"planner": {"m": 2}}
            second = await acts.create(other, person=ANALYST, weights=weights)
        told = await releases.ahead(storage, second.digest)
        same = await releases.changes(storage, first.digest, "")
    assert told is not None
    assert same.changes == []
    assert (told.before, told.after) == (first.digest, second.digest)
    return {f"{one.part} {one.place}": one for one in told.changes}


def _settings(folder: Path, fields: dict[str, Any]) -> Any:
    chosen = {"home": str(folder), **fields}
    model = ModelEntry.model_validate(MODEL | chosen.pop("model", {}))
    return open_workspace({}, chosen=chosen).settings.model_copy(
        update={"model": model}
    )


async def test_a_key_that_goes_elsewhere_is_seen_first(tmp_path: Path) -> None:
    """A release that sends the key in another variable to another place says so before everything
    else: the variable with the place, and each setting of the model that is another one.
    """
    elsewhere = {
        "url": "https://models.attacker.example/v1",
        "key_variable": "MAIL_PASSWORD",
        "longest_answer": 9,
    }
    told = await _told(tmp_path / "home", {}, {"model": elsewhere})

    assert list(told)[:2] == [
        "model the key in MAIL_PASSWORD is sent to",
        "model the key in OUR_KEY is sent to",
    ]
    sent = told["model the key in MAIL_PASSWORD is sent to"]
    assert (sent.before, sent.after) == (None, [elsewhere["url"]])
    assert {
        name: (told[f"model model.{name}"].before, told[f"model model.{name}"].after)
        for name in elsewhere
    } == {
        "url": (MODEL["url"], elsewhere["url"]),
        "key_variable": ("OUR_KEY", "MAIL_PASSWORD"),
        "longest_answer": (2_000, 9),
    }
    assert (told["weights planner.m"].before, told["weights planner.m"].after) == (
        None,
        2,
    )
    assert {one.part for one in told.values()} == {"model", "weights"}


async def test_a_name_with_dots_hides_no_other(tmp_path: Path) -> None:
    """Where two places are written alike, a change of one is told, whatever stands at the other."""
    digests = []
    async with opened(_settings(tmp_path / "home", {})) as home:
        for weight in (1, 9):
            weights = {"planner": {"gpt-4.1": weight}, "planner.gpt-4": {"1": 1}}
            made = await acts.create(home, person=ANALYST, weights=weights)
            digests.append(made.digest)
        told = await releases.changes(home.runtime.storage, *digests)

    assert [(one.place, one.before, one.after) for one in told.changes] == [
        ("planner.gpt-4.1", 1, 9)
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, {"planner": {}}, ("planner", None, {})),
        ({"planner": {"m": 1}}, {"planner": {"m": True}}, ("planner.m", 1, True)),
    ],
)
async def test_what_hardly_differs_is_told(
    tmp_path: Path, before: Any, after: Any, told: Any
) -> None:
    """A place that is empty in place of missing, and true in place of 1, are changes."""
    async with opened(_settings(tmp_path / "home", {})) as home:
        digests = [
            (await acts.create(home, person=ANALYST, weights=weights)).digest
            for weights in (before, after)
        ]
        compared = await releases.changes(home.runtime.storage, *digests)

    assert [(one.place, one.before, one.after) for one in compared.changes] == [told]


async def test_the_same_key_at_another_place_is_seen(tmp_path: Path) -> None:
    """Where the variable stays and the place does not, the key's line names both places."""
    told = await _told(
        tmp_path / "home", {}, {"model": {"url": "http://127.0.0.1:10/v1"}}
    )
    first = told["model the key in OUR_KEY is sent to"]

    assert (first.before, first.after) == ([MODEL["url"]], ["http://127.0.0.1:10/v1"])


async def test_rules_and_texts_are_told_line_by_line(tmp_path: Path) -> None:
    """A value of the policy's data has its place, a rule and a playbook the lines that differ."""
    overlay, books = tmp_path / "policies", tmp_path / "books"
    overlay.mkdir()
    books.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    book = SHIPPED.read_text("utf-8")
    (books / "strict.yaml").write_text(book, "utf-8")
    told = await _told(
        tmp_path / "home", {}, {"policies": str(overlay), "playbooks": str(books)}
    )

    refusals = told["policy limits.refusals"]
    assert (refusals.before, refusals.after) == (5, 4)
    lines = told["playbook own.strict"].lines
    assert lines[1:] == tuple(f"+{line}" for line in book.splitlines())


def test_a_promotion_says_what_it_changes(used: Path, command: Any) -> None:
    """The command that promotes prints the values before it says what is in force, and so do the
    one that starts a rollout.
    """
    first = command(used, "release", "create", "--json").value["release"]
    words = ("--note", "agreed", "--as", "rhea")
    assert command(used, "release", "promote", first, *words).code == 0
    weighed = ("--weight", "planner:m=3", "--json")
    second = command(used, "release", "create", *weighed).value["release"]
    started = command(used, "release", "rollout", "start", second, *words)
    stopped = command(used, "release", "rollout", "stop", *words)
    promoted = command(used, "release", "promote", second, *words)

    assert (started.code, stopped.code, promoted.code) == (0, 0, 0)
    for ran in (started, promoted):
        assert "weights planner.m: none -> 3" in ran.out
    assert promoted.out.index("none -> 3") < promoted.out.index("In force")
