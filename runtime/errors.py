"""The error tree, sorted by who must act.

`Interlock` errors carry data first; the message is derived from the data and ends with the next
step. A refusal by policy is not here: it is a value, `Denied`, in
`interlock.runtime.policy.decision`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

#: Why what was handed in cannot be used; "invalid" is any value of the wrong form
Code: TypeAlias = Literal[
    "invalid",
    "not_found",
    "nobody",
    "own_request",
    "own_edit",
    "same_arguments",
    "arguments_unfit",
    "wrong_tenant",
    "role_missing",
    "note_missing",
    "evidence_changed",
    "decided_already",
    "voted_already",
    "already_claimed",
    "not_claimed",
    "not_above",
    "asked_already",
    "nothing_asked",
    "not_requester",
    "expired",
    "not_waiting",
    "not_alike",
    "wrong_state",
    "may_still_act",
    "ambiguous",
    "claimed",
    "ended",
    "not_ended",
    "nothing_to_undo",
    "priority",
    "below_spend",
    "not_limited",
    "job_ended",
    "taken_already",
    "duplicate",
    "unconfirmed",
    "pinned_already",
    "no_words",
    "no_kind",
    "another_in_force",
    "release_in_force",
    "never_in_force",
    "rollout_moved",
    "rollout_open",
    "no_rollout",
    "rollout_unlike",
    "rollout_step",
    "erased",
    "key_reused",
    "in_use",
    "no_model",
]


class InterlockError(Exception):
    """Every error this system raises on purpose.

    `exit_code` is what the command line ends with. `code` names the failure for programs, and
    never changes; a subclass that can fail in several ways sets one code for each.
    """

    exit_code: ClassVar[int] = 5
    code: str = "error"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __reduce__(self) -> Any:
        # A pool of processes passes an error on whole, whatever its constructor takes.
        own = self.__class__, *self.args
        return Exception.__new__, own, self.__dict__


# The caller must act
# -------------------------------------------------------------------------------------


class BadInput(InterlockError):
    """What was handed in cannot be used, and *code* says why; nothing was written."""

    exit_code = 2
    code: Code

    def __init__(
        self,
        *,
        what: str,
        why: str,
        next_step: str,
        code: Code = "invalid",
        data: Mapping[str, str | int] | None = None,
    ) -> None:
        self.code = code
        self.data = dict(data or {})
        self.what, self.why, self.next_step = what, why, next_step
        super().__init__(f"{what}: {why}. {next_step}")


class NotCanonical(BadInput):
    """A value has no canonical JSON form."""

    def __init__(self, *, where: str, why: str) -> None:
        self.where = where
        super().__init__(
            what=f"value at {where}",
            why=why,
            next_step="Use strings, integers, lists and objects.",
        )


class NotFound(BadInput):
    """The named thing does not exist in this home."""

    def __init__(self, *, kind: str, name: str, next_step: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(
            code="not_found",
            what=f"{kind} {name!r}",
            why="does not exist here",
            next_step=next_step,
        )


class NotPermitted(InterlockError):
    """The policy denies what a person asked for; nothing was done, and the refusal is recorded."""

    exit_code = 4

    def __init__(
        self, *, act: str, person: str, codes: Sequence[str], why: str
    ) -> None:
        self.act = act
        self.person = person
        self.codes = tuple(codes)
        if self.codes:
            self.code = self.codes[0]
        super().__init__(f"{person!r} may not do {act}: {why}")


class NotAuthenticated(InterlockError):
    """Nobody proved who asks, so nothing was done; why is recorded, and not told to whoever asks.

    Wrong, expired, ended and unknown credentials are one answer: a guess learns nothing.
    """

    exit_code = 4

    def __init__(self, *, what: str, next_step: str = "Sign in again.") -> None:
        self.what, self.next_step = what, next_step
        super().__init__(f"{what} is not valid. {next_step}")


class TooManyGuesses(NotAuthenticated):
    """So many wrong guesses went before that none is taken now, right or wrong."""

    def __init__(self, *, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(
            what="another guess so soon",
            next_step=f"Wait {wait_s} s, then sign in again.",
        )


class RefusedTooOften(InterlockError):
    """A run was refused as often as the policy lets it be, so its claim ends and the run fails."""

    exit_code = 4
    code = "too_many_refusals"

    def __init__(self, *, run_id: str, tool: str, why: str) -> None:
        self.run_id, self.tool = run_id, tool
        super().__init__(
            f"run {run_id} ends at its call of {tool}: {why} "
            f"Look at what was refused with `interlock run show {run_id}`."
        )


# The developer must act
# ----------------------------------------------------------------------------------


class Ungoverned(InterlockError):
    """A model or tool was reached without a permit; the call did not happen."""

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(
            f"{kind} {name!r} was called without a permit. Call it through the door of the run."
        )


class NotAPermit(InterlockError):
    """The permit handed to a tool was not minted for this call, or was already used."""

    def __init__(self, *, tool: str, why: str) -> None:
        self.tool, self.why = tool, why
        super().__init__(
            f"permit for {tool!r} refused: {why}. Permits come only from EnforcementPoint.enforce."
        )


class AgentFailed(InterlockError):
    """An agent raised an error of its own, and its run has failed."""

    def __init__(self, *, agent: str, run_id: str, why: str) -> None:
        self.agent, self.run_id, self.why = agent, run_id, why
        super().__init__(
            f"run {run_id}: agent {agent!r} broke off: {why}. "
            f"Mend the agent; what was done before: `interlock run show {run_id}`."
        )


# The operator must act
# -----------------------------------------------------------------------------------


class GuardFailed(InterlockError):
    """A guard or the thing it depends on is unavailable, so nothing was done."""

    #: Whether what every run depends on is away: the failure is no fault of the run
    is_outage: ClassVar[bool] = False

    def __init__(self, *, guard: str, why: str, next_step: str) -> None:
        self.guard, self.why, self.next_step = guard, why, next_step
        super().__init__(f"{guard}: {why}. {next_step}")


class OtherVersion(GuardFailed):
    """The database has the tables of another version of this program, so it was left as it is."""

    def __init__(self, *, database: str, stated: str, ours: str) -> None:
        self.database, self.stated, self.ours = database, stated, ours
        super().__init__(
            guard=f"database {database}",
            why=f"its tables are of version {stated or 'unknown'}, this program's of {ours}",
            next_step=(
                "Keep the database and its keys aside for the program that made them, and begin "
                "anew with an empty home."
            ),
        )


class BundleChanged(GuardFailed):
    """The policy bundle holds something else than its revision stands for, so it was not loaded."""

    def __init__(self, *, path: str, stated: str, found: str) -> None:
        self.path, self.stated, self.found = path, stated, found
        super().__init__(
            guard=f"policy bundle {path}",
            why=f"it states revision {stated[:12]!r}, its contents are {found[:12]!r}",
            next_step="Restore it, or build it with `make policy`.",
        )


class Unanswered(GuardFailed):
    """The policy engine failed to decide: nothing was done, the claim ends and the run is held."""

    def __init__(
        self, *, run_id: str, tool: str, codes: tuple[str, ...], why: str
    ) -> None:
        self.run_id, self.tool, self.codes = run_id, tool, codes
        again = f"`interlock run resume {run_id}`" if run_id else "try again"
        next_step = f"Bring the engine back, then {again}."
        super().__init__(
            guard=f"decision on {tool}", why=why.rstrip("."), next_step=next_step
        )


class AnotherPolicy(GuardFailed):
    """Another policy than the run's is in force, so nothing was done.

    A run that is not claimed stays as it is; a claim that meets another policy ends and holds it.
    """

    def __init__(self, *, run_id: str, pinned: str, in_force: str) -> None:
        self.run_id, self.pinned, self.in_force = run_id, pinned, in_force
        super().__init__(
            guard=f"run {run_id}",
            why=f"it is pinned to policy {pinned[:12]}, in force is {in_force[:12]}",
            next_step=f"`interlock run repin {run_id}`, then `interlock run resume {run_id}`.",
        )


class AnotherHome(GuardFailed):
    """The run is pinned to what this home does not have, so nothing was done and nothing used up.

    *pin* names what differs, and the code is "another_" with that name.
    """

    def __init__(self, *, run_id: str, pin: str) -> None:
        self.run_id, self.pin = run_id, pin
        self.code = f"another_{pin}"
        super().__init__(
            guard=f"run {run_id}",
            why=f"it was started with another {pin} than this home has",
            next_step=(
                f"Carry it on where it was started, or `interlock run repin {run_id}` and have "
                "everything asked anew."
            ),
        )


class Unavailable(GuardFailed):
    """What a read depends on is away, so nothing was done; the claim ends and the run is held.

    A tool without effects raises it: a later claim of the run calls the tool again. With one of the
    tool's codes as *spent_as*, somebody may have worked in vain: a priced call has then failed with
    that code and costs what was set aside for it, and a later claim finds the failure.
    """

    is_outage: ClassVar[bool] = True

    def __init__(self, *, what: str, why: str, run_id: str, spent_as: str = "") -> None:
        self.what = what
        self.run_id = run_id
        self.spent_as = spent_as
        next_step = f"When it is back, `interlock run resume {run_id}`."
        super().__init__(guard=what, why=why, next_step=next_step)


class VariableRefused(GuardFailed):
    """A variable of the environment has a library do what no setting says and nobody decided on."""

    def __init__(self, *, name: str, library: str, why: str) -> None:
        self.name, self.library = name, library
        super().__init__(
            guard=f"variable {name} of {library}",
            why=why,
            next_step=f"Unset {name} for this program.",
        )


class Overheard(GuardFailed):
    """A listener of LangChain hears all that a run reads, and nobody decided on the listener."""

    def __init__(self, *, listener: str, run_id: str) -> None:
        self.listener, self.run_id = listener, run_id
        super().__init__(
            guard=f"run {run_id}",
            why=f"{listener} is attached to everything that LangChain does in this process",
            next_step=f"Take it away, then `interlock run resume {run_id}`.",
        )


class NotRecorded(GuardFailed):
    """The store could not make a record durable, so the action did not happen."""

    is_outage: ClassVar[bool] = True

    def __init__(self, *, why: str) -> None:
        super().__init__(
            guard="store",
            why=why,
            next_step="Check disk space and permissions, then resume the run.",
        )


class Busy(NotRecorded):
    """Another process held the database for longer than this one waits; nothing was done."""

    def __init__(self) -> None:
        GuardFailed.__init__(
            self,
            guard="store",
            why="another process has kept the database locked, longer than this one waits",
            next_step="Wait for that process or stop it, then do it again or resume the run.",
        )


class Silent(NotRecorded):
    """The database has not answered in time; what it was asked last may have been done."""

    def __init__(self) -> None:
        GuardFailed.__init__(
            self,
            guard="store",
            why="the database has not answered in time",
            next_step="Bring its server back, then do it again or resume the run.",
        )


class NoSpace(NotRecorded):
    """The disk of the database is full; nothing was done."""

    def __init__(self, *, why: str) -> None:
        GuardFailed.__init__(
            self,
            guard="store",
            why=why,
            next_step="Make room on its disk, then do it again or resume the run.",
        )


class NotWitnessed(NotRecorded):
    """The record is complete, but its checkpoint is not kept outside; whoever waited stops."""

    def __init__(self, *, why: str) -> None:
        GuardFailed.__init__(
            self,
            guard="witness",
            why=f"it is recorded, but the checkpoint outside could not be written: {why}",
            next_step="Make the home's folder of checkpoints writable, then resume the run.",
        )


class Fenced(GuardFailed):
    """Another worker has claimed this run since; this one must stop."""

    def __init__(self, *, run_id: str, fence: int | None = None) -> None:
        self.run_id, self.fence = run_id, fence
        super().__init__(
            guard=f"run {run_id}",
            why="the claim"
            + (f" of fence {fence}" if fence is not None else "")
            + " is not the newest",
            next_step="Another worker owns the run; look with `interlock run show`.",
        )


class Tampered(GuardFailed):
    """Stored bytes are not what was written: a checkpoint or a payload was changed."""

    def __init__(self, *, what: str, why: str) -> None:
        self.what = what
        super().__init__(
            guard=what,
            why=why,
            next_step="Stop, keep the database, run `interlock audit verify`.",
        )


class RolledBack(Tampered):
    """The database is older than what the witness has seen of it, so nothing may act on it."""

    def __init__(self, *, log: str, why: str) -> None:
        self.log = log
        self.what = f"log {log}"
        GuardFailed.__init__(
            self,
            guard=self.what,
            why=why,
            next_step=(
                "Nothing acts until a person who knows why runs `interlock audit recover`; "
                "look with `interlock audit verify`."
            ),
        )


class SchemaChanged(Tampered):
    """The database holds what acts by itself and no migration made, such as a trigger."""

    def __init__(self, *, objects: Sequence[str]) -> None:
        self.objects = tuple(objects)
        super().__init__(
            what="schema of the database",
            why=f"it holds what this program did not make: {', '.join(self.objects)}",
        )


class LogBroken(Tampered):
    """A log in the database is not the one that was signed; *problem* is the verifier's code."""

    def __init__(self, *, log: str, seq: int, problem: str, why: str) -> None:
        self.log, self.seq, self.problem = log, seq, problem
        super().__init__(what=f"log {log}, entry {seq}", why=f"{problem}: {why}")


class NotAsRecorded(Tampered):
    """A row is not what the ledger says of it, so nothing that rests on the row is done.

    The code is that of the difference ("changed_value", "missing_row", "unknown_row"), or
    "second_intent", "approval_spent", "killed" or "wrong_state" where the ledger forbids a step
    that the row would allow.
    """

    def __init__(
        self, *, code: str, table: str, row: str, column: str = "", why: str = ""
    ) -> None:
        self.code, self.table, self.row, self.column = code, table, row, column
        place = f"{table} {row} {column}".strip()
        super().__init__(what=place, why=why or f"{code}: the ledger says otherwise")


class Erased(Tampered):
    """The run's data key is gone, and with it all that was sealed under it."""

    def __init__(self, *, run_id: str) -> None:
        self.run_id = run_id
        self.what = f"run {run_id}"
        GuardFailed.__init__(
            self,
            guard=self.what,
            why="its data key is gone, and with it what it held",
            next_step=(
                "If nobody erased it (`interlock audit show`), "
                "stop and run `interlock audit verify`."
            ),
        )
