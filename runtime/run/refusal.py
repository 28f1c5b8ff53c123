"""Refusals: why what a person wants of a run, an action or an approval is not done, by code.

The code and its data are the refusal; the text is derived from them.
"""

from collections.abc import Mapping
from typing import Final

from interlock.runtime.errors import BadInput, Code

_SHOW: Final = "Look with `interlock run show`."
_SHOW_APPROVAL: Final = "Look at it with `interlock approvals show`."
#: Why, with the names of the data, and the next step
_TEXTS: Final[Mapping[Code, tuple[str, str]]] = {
    "nobody": ("it is given by nobody", "Say who you are."),
    "own_request": (
        "{person!r} asked for it and may not decide it",
        "Ask another reviewer.",
    ),
    "own_edit": (
        "{person!r} wrote an edit of it and may not decide it",
        "Ask another reviewer.",
    ),
    "same_arguments": (
        "the arguments are those that were asked about",
        "Change one, or decide on them as they are.",
    ),
    "arguments_unfit": (
        "the tool takes no such arguments: {field}: {why}",
        "Write all arguments as the tool takes them.",
    ),
    "wrong_tenant": (
        "{person!r} is of tenant {of!r}, and it is of tenant {tenant!r}",
        "Ask a reviewer of that tenant.",
    ),
    "role_missing": (
        "{person!r} has not the role {role!r}",
        "Ask somebody who has the role.",
    ),
    "note_missing": ("a verdict needs a reason in words", "Say why in a note."),
    "evidence_changed": (
        "you were shown {shown!r}, the evidence is {evidence!r}",
        _SHOW_APPROVAL,
    ),
    "voted_already": (
        "{person!r} has given a verdict on it, and each person counts once",
        "Let somebody else decide what is still open.",
    ),
    "already_claimed": (
        "{person!r} looks at it for another {seconds} s",
        "Wait, or decide it all the same: a claim is a courtesy.",
    ),
    "not_claimed": ("nobody looks at it", _SHOW_APPROVAL),
    "not_above": (
        "the policy names no role {role!r} above {below!r}",
        "Name a role that `approval.escalation` names.",
    ),
    "asked_already": (
        "a question to whoever asked for it is open",
        "Wait for the answer, or decide without it.",
    ),
    "nothing_asked": ("no question about it is open", _SHOW_APPROVAL),
    "not_requester": (
        "{person!r} did not ask for it, and the question is to whoever did",
        "Let that person answer.",
    ),
    "decided_already": ("it is {state}, not waiting", _SHOW_APPROVAL),
    "not_alike": (
        "it is not like the others, so it is not decided together with them",
        "Decide it alone: `interlock approvals show`.",
    ),
    "expired": ("it is expired, not waiting", _SHOW_APPROVAL),
    "not_waiting": ("it is {state}, not waiting", _SHOW_APPROVAL),
    "wrong_state": ("it is {state}, not {wanted}", _SHOW),
    "may_still_act": (
        "whoever started it may be at work on it for another {seconds} s",
        "Wait, look outside again, then say what became of it.",
    ),
    "ambiguous": ("{count} actions begin so", "Give more of its id."),
    "claimed": (
        "worker {owner} holds it for another {seconds} s",
        "Wait, or stop that worker.",
    ),
    "ended": ("it is {status}", "Start a new run."),
    "not_ended": ("it is {status}", "Cancel it first: `interlock run cancel`."),
    "nothing_to_undo": (
        "it is {status}, and nothing takes back what it did, or that was tried",
        _SHOW,
    ),
    "job_ended": ("it is cancelled", "Submit a new job: `interlock batch submit`."),
    "taken_already": ("the job has it", "Look with `interlock batch show`."),
    "duplicate": (
        "{run} reviews the same document",
        "Submit it with --again to have it reviewed once more.",
    ),
    "priority": (
        "its priority is not from -{highest} to {highest}",
        "Name another priority.",
    ),
    "below_spend": (
        "{taken} of {kind} are spent and reserved",
        "Set at least that much, or stop it with `interlock kill`.",
    ),
    "not_limited": (
        "of {kind} it has no limit that could be raised by so much",
        "Look with `interlock budget show`.",
    ),
    "no_words": (
        "its request has no words, and it is held to what its agent may do",
        "Start a run of an agent that takes words, or change its grants.",
    ),
    "no_kind": (
        "{kind!r} is no kind of effect of a tool with a whole number from 1, or there are too many",
        "Name a kind in the `effect` of a tool of the policy, and a number or none.",
    ),
    "pinned_already": ("it is pinned to policy {pinned} already", _SHOW),
    "another_in_force": (
        "{decided} was in force when it was decided, and {in_force} is by now",
        "Ask again.",
    ),
    "release_in_force": (
        "release {in_force} is in force, and a policy comes with its release",
        "Make a release of this policy: `interlock release create`.",
    ),
    "never_in_force": (
        "it was never in force",
        "Promote it, or name one of `interlock release history`.",
    ),
    "rollout_moved": (
        "something else was decided about it meanwhile",
        "Look with `interlock release rollout show`, and ask again.",
    ),
    "rollout_open": (
        "rollout {open} is not over, and there is one at a time",
        "Wait, or end it: `interlock release rollout stop`.",
    ),
    "no_rollout": (
        "no rollout is {wanted}",
        "Look with `interlock release rollout show`.",
    ),
    "rollout_unlike": (
        "it is the release in force, or none is, or the two take other requests",
        "Promote it: `interlock release promote`.",
    ),
    "rollout_step": (
        "its steps are not rising shares of a hundred from 1 on that end with 100",
        "Write them as 1,5,25,50,100, or leave them out for all at once.",
    ),
    "key_reused": (
        "it stands for another request",
        "Choose a new key for a new request, or send the first one again.",
    ),
    "in_use": (
        "{run} has it and has not ended",
        "Wait until the run ends, or cancel the run.",
    ),
    "erased": (
        "it was erased, and with it everything it held",
        "The ledger keeps what was done: `interlock audit show`.",
    ),
}


def refused(code: Code, *, what: str, **data: str | int) -> BadInput:
    """Return the error that refuses *what* for the reason *code* with its *data*."""
    why, next_step = _TEXTS[code]
    return BadInput(
        code=code,
        data=data,
        what=what,
        why=why.format(**data),
        next_step=next_step,
    )
