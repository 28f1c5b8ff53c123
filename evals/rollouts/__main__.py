"""`python -m interlock.evals.rollouts`: a rollout that real runs drive, of a candidate at fault."""

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from interlock.evals.rollouts.real import Fault, drill


def main(
    fault: Annotated[
        Fault,
        typer.Option("--real", help="What is wrong with the candidate's model."),
    ],
    most: Annotated[
        int,
        typer.Option(min=1, help="Runs at the most."),
    ] = 400,
    shadow: Annotated[
        int,
        typer.Option(min=0, help="Runs that are copied at a time before the first."),
    ] = 0,
) -> None:
    """Print how the rollout ended, as JSON; 5 where it did not end as it should."""
    drilled = asyncio.run(drill(fault, most=most, shadow=shadow))
    sys.stdout.write(json.dumps(asdict(drilled)) + "\n")
    raise typer.Exit(0 if drilled.is_right else 5)


if __name__ == "__main__":
    typer.run(main)
