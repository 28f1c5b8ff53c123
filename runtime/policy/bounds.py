"""Bounds: how much of a model's answer is taken, and how many questions may wait for people.

A policy states them in its obligations. Where it states none these stand, so nothing is unbounded.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The most of each, under one decision."""

    #: Tool calls in one answer of a model
    calls: int = 16
    #: Bytes of one answer of a model, its calls included
    answer_bytes: int = 262_144
    #: Questions of one run, and of all runs of a tenant, that wait for a person at a time
    open_of_run: int = 10
    open_of_tenant: int = 100


#: The bounds of a decision that states none
ORDINARY: Final = Bounds()
