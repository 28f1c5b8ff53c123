"""The command `interlock document text DIGEST`."""

import sys
from typing import Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson

application = typer.Typer(help="The documents this home has read.", no_args_is_help=True, add_completion=False)


@application.callback()
def group() -> None:
    """The documents this home has read."""


@application.command()
def text(
    digest: Annotated[str, typer.Argument(help="sha256:...")], as_json: AsJson = False
) -> None:
    """Print the exact text that offsets refer to, in Unicode code points, without a trailing line break of ours."""
    document = session.run(lambda home: home.library.document(digest))
    if as_json:
        shown = {name: getattr(document, name) for name in ("digest", "name", "text", "pages")}
        session.print_json(shown)
        return
    sys.stdout.buffer.write(document.text.encode("utf-8", "surrogatepass"))
    sys.stdout.flush()
