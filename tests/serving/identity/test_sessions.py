"""Sessions: begun by who proves it, over at once and everywhere, and told by nobody else."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from interlock.errors import BadInput, NotAuthenticated, NotFound, Tampered
from interlock.runtime.errors import TooManyGuesses
from interlock.runtime.record.audit import entries
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run.account import account_id, account_of
from interlock.serving.desk import Desk
from interlock.serving.identity import guesses, link, session
from interlock.serving.identity.identity import Identity


async def told(desk: Desk, *kinds: str) -> list[dict[str, Any]]:
    """Return the bodies of the entries of these kinds."""
    recorded = await entries(desk.storage.store, desk.storage.vault)
    return [entry["body"] for entry in recorded if entry["body"]["event"] in kinds]


async def test_a_link_lets_somebody_in_once_who_then_has_a_password(
    who: Identity, desk: Desk, phrase: str
) -> None:
    """A link begins a session, its person sets a password, and the password begins another."""
    assert not await who.has_accounts()
    code = await who.link("ana")
    assert not await who.has_accounts()
    first, caller = await who.sign_in_by_link(code)
    with pytest.raises(NotAuthenticated) as used:
        await who.sign_in_by_link(code)
    second, _ = await who.set_password(first, phrase)
    third, again = await who.sign_in(" ANA", phrase)

    assert used.value.code == "not_authenticated"
    assert caller.principal == again.principal
    assert again.principal.roles == ("analyst",)
    assert len({first, second, third}) == 3
    assert await who.has_accounts()
    assert await differences(desk.storage.store, desk.storage.vault) == []
    methods = [body["method"] for body in await told(desk, "signed_in")]
    assert methods == ["link", "password", "password"]
    assert "ana" not in str(await told(desk, "signed_in", "account"))


async def test_of_two_who_use_one_link_at_once_one_comes_in(who: Identity) -> None:
    """A link is used up in the transaction that begins the session."""
    code = await who.link("ana")
    ends = await asyncio.gather(
        *(who.sign_in_by_link(code) for _ in range(4)), return_exceptions=True
    )

    assert [isinstance(end, NotAuthenticated) for end in ends].count(False) == 1


async def test_a_link_is_over_by_time_a_newer_one_or_a_new_password(
    who: Identity, clock: Any, phrase: str
) -> None:
    """A quarter of an hour, the next link and a changed password each end a link."""
    late = await who.link("ana")
    clock.now += 15 * 60
    older = await who.link("ana")
    newer = await who.link("ana")
    first, _ = await who.sign_in_by_link(newer)
    before = await who.link("ana")
    await who.set_password(first, phrase)

    for code in (late, older, before, "", "x" * 10_000):
        with pytest.raises(NotAuthenticated):
            await who.sign_in_by_link(code)
    with pytest.raises(NotFound):
        await who.link("nemo")


@pytest.mark.parametrize("seconds", [session.IDLE_S, session.LONGEST_S])
async def test_a_session_ends_by_time(
    who: Identity, cookie: str, clock: Any, seconds: int
) -> None:
    """Unused for two hours, or twelve hours old however it is used, a session is over."""
    steps = range(0, seconds, session.COARSE_S * 60)
    for _ in steps if seconds == session.LONGEST_S else ():
        await who.of_session(cookie)
        clock.now += session.COARSE_S * 60
    if seconds == session.IDLE_S:
        clock.now += seconds - 1
        await who.of_session(cookie)
        clock.now += seconds
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)


async def test_a_link_ends_by_time(who: Identity, clock: Any) -> None:
    """A link of 15 minutes ago signs nobody in."""
    code = await who.link("ana")
    clock.now += link.GOOD_FOR_S
    with pytest.raises(NotAuthenticated):
        await who.sign_in_by_link(code)


async def test_sign_out_ends_one_session_and_a_new_password_ends_all(
    who: Identity, cookie: str, phrase: str
) -> None:
    """What somebody copied of a cookie opens nothing after either."""
    other, _ = await who.sign_in("ana", phrase)
    await who.sign_out(other)
    await who.sign_out(other)
    with pytest.raises(NotAuthenticated):
        await who.of_session(other)

    assert (await who.of_session(cookie)).principal.id == "ana"
    third, _ = await who.set_password(cookie, phrase[::-1], current=phrase)
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    with pytest.raises(NotAuthenticated):
        await who.sign_in("ana", phrase)
    assert (await who.of_session(third)).method == "session"


async def test_what_is_put_back_after_a_new_password_opens_nothing(
    who: Identity, cookie: str, desk: Desk, phrase: str
) -> None:
    """A session and a link that are written back from a copy are of the password before."""
    code = await who.link("ana")
    store = desk.storage.store
    kinds = (tables.sign_in, tables.sign_in_link)
    copied = await store.read(
        lambda connection: [
            (kind, dict(row))
            for kind in kinds
            for row in connection.execute(select(kind)).mappings()
        ]
    )
    await who.set_password(cookie, phrase[::-1], current=phrase)

    def put_back(tx: Tx) -> None:
        for kind, row in copied:
            tx.connection.execute(insert(kind).values(row))

    await store.write(put_back)
    assert {kind.name for kind, _ in copied} == {"sign_in", "sign_in_link"}
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    with pytest.raises(NotAuthenticated):
        await who.sign_in_by_link(code)


async def test_to_show_the_password_again_renews_the_secret(
    who: Identity, cookie: str, clock: Any, phrase: str
) -> None:
    """After re-authentication the session is the same, its cookie is not, and the time is new."""
    before = await who.of_session(cookie)
    clock.now += 600
    with pytest.raises(NotAuthenticated):
        await who.reauthenticate(cookie, "nothing of the kind")
    renewed, after = await who.reauthenticate(cookie, phrase)

    assert after.session == before.session
    assert after.authenticated == before.authenticated + 600
    assert who.csrf_token(renewed) != who.csrf_token(cookie)
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)


async def test_only_a_link_spares_the_old_password(
    who: Identity, cookie: str, phrase: str
) -> None:
    """Whoever took over a session of a password cannot set another; a weak one is refused."""
    with pytest.raises(NotAuthenticated):
        await who.set_password(cookie, phrase[::-1])
    for weak in ("short", "a" * 20, "ANA-ana-ana-ana!", "ana" + "12345", "x" * 2_000):
        with pytest.raises(BadInput):
            await who.set_password(cookie, weak, current=phrase)


async def test_whoever_is_not_listed_any_more_is_nobody(
    who: Identity, cookie: str, desk: Desk, phrase: str
) -> None:
    """A role that was lost is lost with the next request, and so is the person."""
    file = desk.settings.people
    file.write_text("people: [{id: ana, roles: [auditor]}]", "utf-8")
    assert (await who.of_session(cookie)).principal.roles == ("auditor",)

    file.write_text("people: [{id: ada, roles: [administrator]}]", "utf-8")
    with pytest.raises(NotAuthenticated):
        await who.of_session(cookie)
    with pytest.raises(NotAuthenticated):
        await who.sign_in("ana", phrase)


async def test_guesses_are_counted_before_they_are_checked(
    who: Identity, cookie: str, desk: Desk, clock: Any, phrase: str
) -> None:
    """After five wrong guesses in a row, at once or not, even the right one waits, but not long.

    The counts outlive a restart, sessions go on, and the ledger grows with each doubling only.
    """
    tries = [who.sign_in("ana", f"a wrong guess {i}") for i in range(9)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    again = Identity.over(desk)
    with pytest.raises(TooManyGuesses) as early:
        await again.sign_in("ana", phrase)
    assert [type(end) for end in ends].count(NotAuthenticated) == guesses.FREE
    assert (await who.of_session(cookie)).principal.id == "ana"

    clock.now += early.value.wait_s
    await again.sign_in("ana", phrase)
    await again.sign_in("ana", phrase)
    assert guesses.wait_s(10**6) == guesses.LONGEST_WAIT
    counted = [body["failures"] for body in await told(desk, "sign_ins_failed")]
    assert sorted(counted) == [1, 2, 4]


async def test_many_guesses_in_the_home_slow_each_name_down(
    who: Identity, cookie: str, clock: Any, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many guesses a minute in the whole home, a name has one guess a minute."""
    monkeypatch.setattr(guesses, "OF_HOME", 3)
    for name in ("nemo", "nobody", "rhea", "ana"):
        with pytest.raises(NotAuthenticated):
            await who.sign_in(name, "a wrong guess")
    with pytest.raises(TooManyGuesses):
        await who.sign_in("ana", phrase)
    assert (await who.of_session(cookie)).principal.id == "ana"

    clock.now += 60
    await who.sign_in("ana", phrase)


async def test_nobody_learns_who_has_an_account(
    who: Identity, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that nobody has costs the same work and meets the same answers as a wrong password."""
    from interlock.serving.identity import passwords  # noqa: PLC0415 - to count its work

    hashers: list[str] = []
    real = passwords._is_right  # noqa: SLF001 - the work itself

    def noted(guess: str, kept: str) -> bool:
        hashers.append(kept.rsplit("$", 2)[0])
        return real(guess, kept)

    monkeypatch.setattr(passwords, "_is_right", noted)
    answers = []
    for name in ("ana", "nemo", "ada"):
        said = []
        for i in range(guesses.FREE + 1):
            with pytest.raises(NotAuthenticated) as refused:
                await who.sign_in(name, f"a wrong guess {i}")
            said.append(str(refused.value))
        answers.append(said)

    assert answers[0] == answers[1] == answers[2]
    assert len(hashers) == 3 * guesses.FREE
    assert len(set(hashers)) == 1


async def test_what_is_in_the_database_opens_nothing(
    who: Identity, cookie: str, desk: Desk, phrase: str
) -> None:
    """No row holds a name, a secret or a hash, and a row of another account is refused."""
    await who.link("rhea")
    store = desk.storage.store
    kinds = (tables.account, tables.sign_in, tables.sign_in_link, tables.guess)
    rows = await store.read(
        lambda connection: [
            dict(row)
            for table in kinds
            for row in connection.execute(select(table)).mappings()
        ]
    )
    for plain in ("ana", "rhea", cookie, phrase, "argon2"):
        assert plain.encode() not in b"".join(str(row).encode() for row in rows)

    other, _ = await who.sign_in_by_link(await who.link("ada"))
    bodies = select(tables.sign_in.c.body).order_by(tables.sign_in.c.id)
    first, *_ = await store.read(lambda c: c.execute(bodies).scalars().all())
    statement = update(tables.sign_in).values(body=first)
    await store.write(lambda tx: tx.connection.execute(statement))
    for held in (cookie, other):
        try:
            caller = await who.of_session(held)
        except Tampered:
            continue
        assert caller.principal.id == ("ana" if held == cookie else "ada")


async def test_a_hash_of_other_parameters_is_made_anew(
    who: Identity, cookie: str, desk: Desk, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords are kept as argon2id of RFC 9106; at the next sign-in an older hash is replaced."""
    monkeypatch.undo()
    before = await kept(desk, "ana")
    await who.sign_in("ana", phrase)
    after = await kept(desk, "ana")

    assert not before.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert after.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert (await who.of_session(cookie)).principal.id == "ana"


async def kept(desk: Desk, name: str) -> str:
    """Return what is kept of a person's password."""
    vault = desk.storage.vault

    def look(connection: Connection) -> str:
        account = account_of(vault, connection, account_id(vault, connection, name))
        return "" if account is None else account.hashed

    return await desk.storage.store.read(look)


def test_the_list_of_people_is_read_when_it_changed(tmp_path: Path) -> None:
    """Of a list that has settled, a change of any length is seen at the next look."""
    import os  # noqa: PLC0415 - to make the file old

    from interlock.serving.identity.roster import Roster  # noqa: PLC0415 - only here

    file = tmp_path / "people.yaml"
    roster = Roster(file)
    for number, role in enumerate(("auditor", "analyst", "auditor")):
        file.write_text(f"people: [{{id: ana, roles: [{role}]}}]", "utf-8")
        os.utime(file, (number, number))
        for _ in range(2):
            person = roster.person("Ana")
            assert person is not None
            assert person.roles == (role,)
