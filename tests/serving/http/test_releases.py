"""`/v1/releases` and `/v1/rollouts`: what is in force, who agreed to it, and on which figures."""

from typing import Any, Final

from interlock.runtime.policy.request import Principal
from interlock.runtime.record.store import tables

REVIEWER: Final = Principal(id="rhea", tenant="default", roles=("reviewer",))
STRANGER: Final = Principal(id="otto", tenant="other", roles=("auditor",))
APPLICATION: Final = Principal(id="app", tenant="default", roles=("enforcement_point",))
PLACES: Final = ("/v1/releases", "/v1/rollouts", f"/v1/releases/{'0' * 64}")


async def _get(served: Any, path: str, who: Principal = REVIEWER) -> Any:
    answer = await served.ask(who, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_home_without_releases_shows_none(served: Any) -> None:
    """Nothing is in force and nothing is rolled out; a release that is not there is 404, and a
    digest that is cut short is none.
    """
    unknown, cut = [
        await served.ask(REVIEWER, "GET", f"/v1/releases/{'0' * length}")
        for length in (64, 12)
    ]

    assert await _get(served, "/v1/releases") == {"in_force": "", "data": []}
    assert await _get(served, "/v1/rollouts") == {"data": [], "next": None}
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert cut.status_code == 422


async def test_a_release_says_what_it_is_and_who_agreed(
    served_twice: Any, roll_out: Any
) -> None:
    """Each part by its digest, the key of the signature, who made the release and who put it in
    force; a candidate is in force for nobody yet.
    """
    rolled = await roll_out(served_twice.home)
    listed = await _get(served_twice, "/v1/releases")
    first = await _get(served_twice, f"/v1/releases/{rolled.control}")
    second = await _get(served_twice, f"/v1/releases/{rolled.candidate}")

    assert listed["in_force"] == rolled.control
    assert [(turn["how"], turn["by"]) for turn in listed["data"]] == [
        ("promoted", "rhea")
    ]
    assert (first["in_force"], second["in_force"]) == (True, False)
    assert (first["by"], first["approvals"]) == ("ana", listed["data"])
    assert second["approvals"] == []
    assert first["weights"] == {"planner": {"good": 1}}
    assert {len(digest) for digest in first["parts"].values()} == {64}
    assert len(bytes.fromhex(first["signer"])) == 32


async def test_an_altered_release_is_not_shown(served: Any, roll_out: Any) -> None:
    """A manifest that is not the one that was signed is no answer (fails closed)."""
    rolled = await roll_out(served.home)
    altered = tables.release.update().values(manifest=b"{}")
    await served.home.store.write(lambda tx: tx.connection.execute(altered))

    answer = await served.ask(REVIEWER, "GET", f"/v1/releases/{rolled.control}")

    assert (answer.status_code, answer.json()["code"]) == (503, "release_altered")


async def test_a_rollout_tells_each_decision_with_its_figures(
    served_twice: Any, roll_out: Any
) -> None:
    """Page by page, the newest first: both releases, the share, and each figure with the runs that
    it is of and the range that chance leaves open.
    """
    rolled = await roll_out(served_twice.home)
    page = await _get(served_twice, "/v1/rollouts?limit=1")
    rest = await _get(served_twice, f"/v1/rollouts?limit=1&cursor={page['next']}")
    [held], [started] = page["data"], rest["data"]
    error = held["shares"][0]

    assert (held["how"], started["how"]) == ("held", "started")
    assert rest["next"] is None
    assert (held["candidate"], held["control"]) == (rolled.candidate, rolled.control)
    assert (held["percent"], held["by"], held["plan"]["least_runs"]) == (50, "rhea", 9)
    assert (error["measure"], error["control"], error["canary"]) == ("error", 0, 0.25)
    assert (error["control_runs"], error["canary_runs"]) == (3, 4)
    assert error["least"] <= 0.25 <= error["most"]
    assert (started["ground"], started["shares"][0]["control"]) == (None, None)
    assert held["ground"]["because"] == "error"
    assert (held["ground"]["control_runs"], held["ground"]["canary_runs"]) == (3, 4)
    assert held["ground"]["most"] == error["most"]


async def test_all_tenants_see_the_releases_of_the_home(
    served: Any, roll_out: Any
) -> None:
    """Whoever is granted the look sees the same from another tenant; whoever is not, nothing."""
    await roll_out(served.home)
    refused = [await served.ask(APPLICATION, "GET", place) for place in PLACES]

    for place in PLACES[:2]:
        assert await _get(served, place, STRANGER) == await _get(served, place)
    assert {answer.status_code for answer in refused} == {403}
