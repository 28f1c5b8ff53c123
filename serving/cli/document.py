"""The command `interlock document text|erase DIGEST`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As, AsJson

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage
    from interlock.serving.home import Home

application = typer.Typer(
    help="The documents this home has read.",
    no_args_is_help=True,
    add_completion=False,
)


@application.callback()
def group() -> None:
    """The documents this home has read."""


@application.command()
def erase(
    digest: Annotated[
        str, typer.Argument(help="The digest of a document that was handed in")
    ],
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Destroy a document that was handed in; the ledger keeps its entries and still verifies."""
    settings = session.configured()
    who = session.acting(settings, person)

    async def work(home: "Home") -> None:
        from interlock.serving.operations import documents

        await documents.erase(home, digest, person=who)

    session.run(work, using=settings)
    if as_json:
        session.print_json({"document": digest, "erased": True})
        return
    session.say(f"Erased {digest}.")


@application.command()
def text(
    digest: Annotated[str, typer.Argument(help="sha256:...")], as_json: AsJson = False
) -> None:
    """Print the exact text that offsets refer to, in Unicode code points, and nothing after it."""

    async def work(storage: "Storage") -> Any:
        from interlock.tools.library import Library

        return await Library(store=storage.store, vault=storage.vault).document(digest)

    document = session.read(work)
    if as_json:
        names = ("digest", "name", "text", "pages")
        session.print_json({name: getattr(document, name) for name in names})
        return
    sys.stdout.buffer.write(document.text.encode("utf-8", "surrogatepass"))
    sys.stdout.flush()
