"""The command `interlock document text DIGEST`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson

if TYPE_CHECKING:
    from interlock.runtime.storage import Storage

application = typer.Typer(
    help="The documents this home has read.",
    no_args_is_help=True,
    add_completion=False,
)


@application.callback()
def group() -> None:
    """The documents this home has read."""


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
