"""The commands `interlock release list|show|diff|history`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, moment, shown, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interlock.runtime.run.promotion import Turn
    from interlock.runtime.run.release import Release
    from interlock.runtime.storage import Storage
    from interlock.serving.release_difference import Change
    from interlock.serving.releases import Changes, Listed

Name: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="RELEASE", help="The digest of a release, or its beginning."
    ),
]


def list_releases(as_json: AsJson = False) -> None:
    """List the releases, the newest first, with the one in force."""

    async def work(storage: "Storage") -> "list[Listed]":
        from interlock.serving import releases

        return await releases.every(storage)

    listed = session.read(work)
    if as_json:
        session.print_json([asdict(one) for one in listed])
        return
    if not listed:
        session.say("No releases yet.")
        session.next_step("interlock release create")
        return
    table = grid(whole("Release"), whole("Made"), "By", whole("State"))
    for one in listed:
        state = one.code or ("in force" if one.is_in_force else "")
        table.add_row(one.digest[:12], moment(one.created), one.by, state)
    out.print(table)


def show(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="Which; by default that in force.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a release is: the digest of each part, and the weights of model aliases."""

    async def work(storage: "Storage") -> "Release":
        from interlock.serving import releases

        return await releases.read(storage, release)

    one = session.read(work)
    if as_json:
        session.print_json(
            {
                "release": one.digest,
                "by": one.by,
                "created": one.created,
                **one.manifest.document,
            }
        )
        return
    session.say(f"Release {one.digest}, made by {one.by} {moment(one.created)}")
    session.say(f"policy revision {one.manifest.revision}")
    table = grid(whole("Part"), whole("Digest"))
    for kind, digest in sorted(one.manifest.parts.items()):
        table.add_row(kind, digest)
    out.print(table)
    for alias, shares in sorted(one.manifest.weights.items()):
        weighed = ", ".join(f"{name} {number}" for name, number in shares.items())
        session.say(f"{alias}: {weighed}")


def diff(
    before: Name,
    after: Annotated[
        str,
        typer.Argument(metavar="RELEASE", help="The other; by default that in force."),
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two releases: each setting, rule and text, with both values."""

    async def work(storage: "Storage") -> "Changes":
        from interlock.serving import releases

        return await releases.changes(storage, before, after)

    told = session.read(work)
    if as_json:
        session.print_json(asdict(told))
        return
    tell(told)


def tell(told: "Changes") -> None:
    """Say what differs between two releases, a line a value; texts as lines of a diff."""
    session.say(f"{told.before[:12]} -> {told.after[:12]}")
    for change in told.changes:
        for line in _lines(change):
            session.say(shown(line))
    if not told.changes:
        session.say("Nothing differs.")


def _lines(change: "Change") -> "Iterator[str]":
    name = f"{change.part} {change.place}".rstrip()
    if change.lines:
        yield f"{name}:"
        yield from change.lines
        return
    before, after = (
        "none" if value is None else str(value)
        for value in (change.before, change.after)
    )
    yield f"{name}: {before} -> {after}"


def history(as_json: AsJson = False) -> None:
    """Show which release was in force from when on, the newest first."""

    async def work(storage: "Storage") -> "list[Turn]":
        from interlock.serving import releases

        return await releases.history(storage)

    turns = session.read(work)
    if as_json:
        session.print_json([asdict(turn) for turn in turns])
        return
    if not turns:
        session.say("No release was ever in force.")
        return
    table = grid(whole("When"), whole("Release"), whole("How"), "By", whole("Before"))
    for turn in turns:
        how = turn.how.replace("_", " ")
        table.add_row(
            moment(turn.at), turn.release[:12], how, turn.by, turn.previous[:12]
        )
    out.print(table)
