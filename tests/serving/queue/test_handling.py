"""Handling on the page: forms that work without scripts, and what they say is shown."""

from typing import Any

import yaml

from interlock.serving.home import Home


async def test_what_people_do_before_the_verdict_is_shown(
    home: Home, browser: Any, waiting: str
) -> None:
    """A claim, a question, its answer and a delegation go by forms; a claim of another's is a 409
    that says whose it is, and the page and the list show who looks at it.
    """
    people = [{"id": name, "roles": ["reviewer"]} for name in ("rhea", "rolf")]
    home.settings.people.write_text(yaml.safe_dump({"people": people}))
    place = f"/approvals/{waiting}"
    rhea, rolf, ana = browser("rhea"), browser("rolf"), browser("ana")

    async def send(client: Any, what: str, **said: str) -> Any:
        page = (await client.get(place)).text
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        return await client.post(f"{place}/{what}", data={"csrf": token, **said})

    assert (await send(rhea, "claim")).status_code == 303
    conflict = await send(rolf, "claim")
    assert conflict.status_code == 409
    assert "already_claimed" in conflict.text
    assert "rhea</b> looks at it" in conflict.text
    assert "rhea looks at it" in (await rolf.get("/approvals")).text
    assert (await send(rhea, "question", note="Whose address is it?")).is_redirect
    assert (await send(rolf, "answer", note="No idea.")).status_code == 403
    assert (await send(ana, "answer", note="<b>Our</b> counsel's.")).is_redirect
    assert (await send(rhea, "delegate", to="ana", note="hers")).status_code == 400
    assert (await send(rhea, "delegate", to="rolf", note="knows him")).is_redirect
    page = (await rolf.get(place)).text
    assert "asked of you" in (await rolf.get("/approvals")).text
    assert "&lt;b&gt;Our&lt;/b&gt; counsel" in page
    assert (await send(rolf, "escalate", to="administrator", note="large")).is_redirect
    steps = (await home.approvals.read(waiting)).steps
    assert [step.kind for step in steps] == [
        "claimed",
        "asked",
        "answered",
        "delegated",
        "escalated",
    ]
    assert (await send(rolf, "release")).status_code == 403
