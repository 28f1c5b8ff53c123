"""Releases and rollouts by the API: the same acts as the command's, for one tenant alone."""

from dataclasses import replace
from typing import Any, Final

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries

MAKER: Final = Principal(id="ana", tenant="default", roles=("analyst", "administrator"))
REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR: Final = Principal(
    id="ada", tenant="default", roles=("administrator", "reviewer")
)
STRANGER: Final = replace(ADMINISTRATOR, tenant="other")
NOTE: Final = {"note": "read and agreed"}


async def _post(served: Any, who: Principal, path: str, **more: Any) -> Any:
    return await served.ask(who, "POST", path, json=NOTE | more)


def _codes(answer: Any) -> tuple[int, Any]:
    told = answer.json()
    return answer.status_code, told.get("codes") or told["code"]


async def test_a_release_takes_two_people_and_one_brings_it_back(
    served_twice: Any, roll_out: Any
) -> None:
    """Who made a release does not promote it, nobody does without a reason, another person does;
    the way back goes to what was in force and to nothing else.
    """
    rolled = await roll_out(served_twice.home)
    place = f"/v1/releases/{rolled.candidate}"
    never = await _post(served_twice, ADMINISTRATOR, f"{place}/rollback")
    own = await _post(served_twice, MAKER, f"{place}/promote")
    silent = await _post(served_twice, REVIEWER, f"{place}/promote", note="")
    promoted = await _post(served_twice, REVIEWER, f"{place}/promote")
    back = await _post(
        served_twice, ADMINISTRATOR, f"/v1/releases/{rolled.control}/rollback"
    )

    assert _codes(never) == (409, "never_in_force")
    assert _codes(own) == (403, ["own_request"])
    assert _codes(silent) == (403, ["note_missing"])
    assert promoted.json() == {
        "release": rolled.candidate,
        "previous": rolled.control,
    }
    assert back.json() == {"release": rolled.control, "previous": rolled.candidate}


async def test_a_rollout_from_its_start_to_its_end(
    served_twice: Any, roll_out: Any
) -> None:
    """One rollout at a time; who started it does not overrule another's pause, neither by a word
    nor by a stop and a new start; a person with no part in it starts it anew.
    """
    rolled = await roll_out(served_twice.home)
    [begun, *_] = (await served_twice.ask(REVIEWER, "GET", "/v1/rollouts")).json()[
        "data"
    ]
    place = f"/v1/rollouts/{begun['rollout']}"
    wanted = {"release": rolled.candidate, "steps": [50, 100], "shadow": 3}
    second = await _post(served_twice, REVIEWER, "/v1/rollouts", **wanted)
    paused = await _post(served_twice, ADMINISTRATOR, f"{place}/pause")
    overruled = await _post(served_twice, REVIEWER, f"{place}/resume")
    stopped = await _post(served_twice, REVIEWER, f"{place}/stop")
    over = await _post(served_twice, REVIEWER, f"{place}/stop")
    anew = await _post(served_twice, REVIEWER, "/v1/rollouts", **wanted)
    started = await _post(served_twice, ADMINISTRATOR, "/v1/rollouts", **wanted)
    shown = await served_twice.ask(REVIEWER, "GET", started.headers["location"])

    assert _codes(second) == (409, "rollout_open")
    assert (paused.json()["status"], paused.json()["halted_by"]) == ("paused", ["ada"])
    assert _codes(overruled) == _codes(anew) == (403, ["own_request"])
    assert stopped.json()["halted_by"] == ["ada", "rhea"]
    assert _codes(over) == (409, "no_rollout")
    assert (started.status_code, shown.json()["how"]) == (201, "started")
    assert shown.json()["plan"]["steps"] == [0, 50, 100]
    assert shown.json()["by"] == "ada"


async def test_steps_are_shares_of_a_hundred(served: Any, roll_out: Any) -> None:
    """Steps that do not rise are refused, and no number is too long to say so."""
    rolled = await roll_out(served.home)
    answers = [
        await _post(
            served, ADMINISTRATOR, "/v1/rollouts", release=rolled.candidate, steps=steps
        )
        for steps in ([50, 25, 100], [10**4000], [-1, 100])
    ]

    assert [_codes(answer) for answer in answers] == [
        (422, "rollout_step"),
        (422, "invalid"),
        (422, "invalid"),
    ]


async def test_releases_are_for_the_tenant_of_the_installation(
    served_twice: Any, roll_out: Any
) -> None:
    """For whoever is another tenant's a release is not there to act on, whatever the roles: nothing
    changes, and each refusal is an entry.
    """
    rolled = await roll_out(served_twice.home)
    [begun, *_] = (await served_twice.ask(REVIEWER, "GET", "/v1/rollouts")).json()[
        "data"
    ]
    before = await served_twice.home.runtime.rollouts.newest()
    release, rollout = (
        f"/v1/releases/{rolled.candidate}",
        f"/v1/rollouts/{begun['rollout']}",
    )
    places = [
        *(f"{release}/{act}" for act in ("promote", "rollback")),
        *(f"{rollout}/{act}" for act in ("pause", "resume", "stop")),
    ]
    answers = [await _post(served_twice, STRANGER, place) for place in places]
    answers.append(
        await _post(served_twice, STRANGER, "/v1/rollouts", release=rolled.candidate)
    )
    told = await entries(served_twice.home.store, served_twice.home.vault)
    refused = [
        entry["body"]["codes"]
        for entry in told
        if entry["body"]["event"] == "act" and entry["body"]["effect"] == "deny"
    ]

    assert {_codes(answer) for answer in answers} == {(404, "not_found")}
    assert await served_twice.home.runtime.rollouts.newest() == before
    assert await served_twice.home.runtime.releases.in_force() == rolled.control
    assert len(refused) == len(answers)
    assert all("wrong_tenant" in codes for codes in refused)
