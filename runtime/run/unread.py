"""Unread results of a run: what their labels join, and where they are kept."""

from dataclasses import asdict

from interlock.runtime.canonical import canonical
from interlock.runtime.policy.label import Label
from interlock.runtime.record.store import Tx
from interlock.runtime.run.attempt import Attempt
from interlock.runtime.run.run import join_label


def labels(
    tx: Tx,
    step: Attempt,
    label: Label,
) -> dict[str, str | None]:
    """Join to the run the label of what its planner is shown.

    Returns the run's "label", None when it stays, and that of an "unread" result, as stored. What
    stays unread joins nothing: its label is kept with the outcome. Of an answer about what is
    unread, as many bits are shown as the policy counted.
    """
    unread = step.request.context.unread
    if unread.kept:
        return {"label": None, "unread": canonical(asdict(label)).decode()}
    if unread.bits:
        label = label.in_bits
    joined = join_label(tx, step.run, label, run_label=step.run_label)
    return {"label": joined, "unread": None}
