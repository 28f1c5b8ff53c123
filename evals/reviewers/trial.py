"""One trial: a home whose queue holds work and canaries, and two scripts that review it in turn."""

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interlock.evals.browser import signed_in
from interlock.evals.reviewers import script
from interlock.evals.reviewers.script import Judge, Worked
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.run import Run
from interlock.serving.home import Home, opened
from interlock.serving.identity.identity import Identity
from interlock.serving.operations import runs
from interlock.serving.quality.seeding import seed
from interlock.serving.queue.pages import application
from interlock.serving.workspace import open_workspace

PEOPLE: Final = (
    "people:\n- {id: ana, roles: [analyst]}\n- {id: carla, roles: [reviewer]}\n"
    "- {id: otto, roles: [reviewer]}\n- {id: ada, roles: [administrator]}\n"
)
ANA: Final = Principal(
    id="ana",
    tenant="default",
    roles=("analyst",),
)
ADA: Final = Principal(
    id="ada",
    tenant="default",
    roles=("administrator",),
)
MOST_S: Final = 300.0
#: So many canaries are made at a time
_ROUND: Final = 20


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a trial: of the script that reads, and of the one that always approves."""

    work: int
    careful_decided: int
    careful_canaries: int
    careful_caught: int
    careful_wrong: int
    careful_s: float
    careless_decided: int
    careless_canaries: int
    careless_caught: int
    careless_refused: str
    careless_s: float
    #: What the page shows of both: caught of met
    shown: dict[str, str]

    @property
    def held(self) -> bool:
        """Whether reading catches all, approving catches none and ends, and the page says so."""
        careful = f"{self.careful_caught} of {self.careful_canaries}"
        return (
            self.careful_canaries == self.careful_caught > 0
            and self.careful_wrong == 0
            and self.careless_canaries > 0 == self.careless_caught
            and self.careless_refused == "attention_lost"
            and self.careful_s + self.careless_s < MOST_S
            and self.shown
            == {"carla": careful, "otto": f"0 of {self.careless_canaries}"}
        )


async def attempt(folder: Path, *, work: int, canaries: int, seed: int) -> Outcome:
    """Fill the queue twice, each time with half of the work and of the canaries."""
    home_folder = folder / "home"
    home_folder.mkdir()
    (home_folder / "people.yaml").write_text(PEOPLE, "utf-8")
    settings = open_workspace({}, chosen={"home": str(home_folder)}).settings
    chance = random.Random(seed)  # noqa: S311 - which requests are made bad
    async with opened(settings) as home:
        identity = Identity.over(home)
        app = application(home, identity)
        worked = {}
        judges: dict[str, Judge] = {"carla": script.careful, "otto": script.always}
        for name, judge in judges.items():
            await _fill(home, folder, work // 2, canaries // 2, chance)
            async with await signed_in(app, identity, name) as client:
                worked[name] = await script.work(client, judge)
        async with await signed_in(app, identity, "ada") as client:
            page = (await client.get("/quality")).text
    return _outcome(work, worked["carla"], worked["otto"], _shown(page, set(judges)))


def _outcome(
    work: int,
    careful: Worked,
    careless: Worked,
    shown: dict[str, str],
) -> Outcome:
    return Outcome(
        work=work,
        careful_decided=len(careful.decided),
        careful_canaries=careful.canaries,
        careful_caught=careful.caught,
        careful_wrong=careful.rejected - careful.caught,
        careful_s=round(careful.seconds, 2),
        careless_decided=len(careless.decided),
        careless_canaries=careless.canaries,
        careless_caught=careless.caught,
        careless_refused=careless.refused,
        careless_s=round(careless.seconds, 2),
        shown=shown,
    )


async def _fill(
    home: Home,
    folder: Path,
    work: int,
    canaries: int,
    chance: random.Random,
) -> None:
    for _ in range(work):
        await _ask(home, folder, chance)
    placed = 0
    while placed < canaries:
        more = await seed(
            home,
            min(_ROUND, canaries - placed),
            person=ADA,
            chance=chance,
        )
        if not more:
            raise RuntimeError("nothing can be made of what was asked before")
        placed += more


async def _ask(home: Home, folder: Path, chance: random.Random) -> None:
    """Have ana's agent read one contract and ask to mail what it quotes."""
    number = chance.randrange(10_000, 99_999)
    lines = (
        f"The licence fee is EUR {number} for each year of the term.",
        f"Either party may end this agreement with {number % 80 + 10} days of notice.",
    )
    path = folder / f"contract-{number}.txt"
    path.write_text("AGREEMENT\n\n" + "\n\n".join(lines) + "\n", "utf-8")
    to = chance.choice(sorted(script.KNOWN))
    request = {"path": str(path), "notify": [to]}
    run = await runs.start(
        home,
        person=ANA,
        agent="contract_review",
        request=request,
    )
    mail = {
        "to": [to],
        "subject": f"Agreement {number}",
        "body": "\n".join(lines),
    }
    await _asked(home, run, str(path), mail)
    home.runs.give_back(run)


async def _asked(home: Home, run: Run, path: str, mail: dict[str, Any]) -> None:
    done: Any = await home.pep.enforce(
        run,
        tool="document.read",
        arguments={"path": path, "redline": "accepted"},
        call_id="read",
    )
    asked = await home.pep.enforce(
        run,
        tool="mail.send",
        arguments=mail,
        call_id="mail",
        offered=("mail.send",),
    )
    if not isinstance(asked, Waiting):
        raise TypeError(f"nobody was asked: {done} {asked}")
    document = done.value.model_dump(mode="json")
    await home.runs.end(
        run,
        "waiting",
        {"document": document},
        waiting=[asked.approval_id],
    )


def _shown(page: str, names: set[str]) -> dict[str, str]:
    """Return what the page says each of the people caught."""
    caught = {}
    for section in page.split("<section")[1:]:
        name = re.search(r"<h2[^>]*>([^<]*)</h2>", section)
        counted = re.search(r"canaries caught</dt><dd>.*?(\d+ of \d+)", section)
        if name and counted and name[1] in names:
            caught[name[1]] = counted[1]
    return caught
