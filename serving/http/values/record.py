"""The record, as the API shows it: entries, decisions, checkpoints and proofs."""

from pydantic import BaseModel, ConfigDict, Field

from interlock.serving.http.values.page import Page, Wanted

_LONGEST = 2**53
_SHADOWS = (
    "Whether those of shadows are listed: copies of runs under a candidate release"
)


class DecisionsWanted(Wanted):
    """Which decisions to list."""

    run: str | None = Field(
        None, pattern=r"^[!-~]{1,100}$", description="Only those of the run"
    )
    shadows: bool = Field(default=True, description=_SHADOWS)


class EntriesWanted(Wanted):
    """Which entries to list."""

    shadows: bool = Field(default=True, description=_SHADOWS)


class Entry(BaseModel):
    """The body of one entry: what happened, by codes and states; content stands as commitments."""

    model_config = ConfigDict(extra="allow")

    seq: int = Field(description="Its place in the log")
    run: str = Field(description="The run, empty for none")
    event: str
    at: int = Field(description="Unix seconds")


class Entries(Page[Entry]):
    """One page of a log."""

    shadows: dict[str, str] = Field(
        description="By each run of the page that is a shadow, the run that it copies"
    )


class Decision(Entry):
    """What the policy decided about an action of an agent, or about an act of a person."""

    tool: str = Field(description="The tool or the act")
    effect: str
    codes: list[str]
    revision: str = Field(description="The policy that decided")
    shadow: str = Field(
        description="The run that its run copies; empty for a run that copies none"
    )


class LogHead(BaseModel):
    """What is needed to check the log of your tenant."""

    log: str
    origin: str = Field(description="The origin line of its checkpoints (C2SP)")
    public_key: str = Field(description="Ed25519, hexadecimal")
    size: int
    root: str = Field(description="The root of the tree (RFC 6962), hexadecimal")


class CheckpointRow(BaseModel):
    """One signed checkpoint."""

    size: int
    note: str = Field(description="The signed note (C2SP tlog-checkpoint)")


class InclusionWanted(BaseModel):
    """Which proof of inclusion to make."""

    model_config = ConfigDict(extra="forbid")

    seq: int = Field(
        ge=0,
        le=_LONGEST,
        description="The entry",
    )
    size: int | None = Field(
        None,
        ge=0,
        le=_LONGEST,
        description="The size of the log; left out for now's",
    )


class ConsistencyWanted(BaseModel):
    """Which proof of consistency to make."""

    model_config = ConfigDict(extra="forbid")

    first: int = Field(
        ge=1,
        le=_LONGEST,
        description="The size that you know",
    )
    size: int | None = Field(
        None,
        ge=0,
        le=_LONGEST,
        description="The later size; left out for now's",
    )


class ProofView(BaseModel):
    """A proof after RFC 6962, for one size of the log."""

    size: int
    root: str = Field(description="The root that it leads to, hexadecimal")
    hashes: list[str] = Field(description="In the order of RFC 6962, hexadecimal")


class Policy(BaseModel):
    """The policy in force."""

    revision: str
    rules: dict[str, dict[str, str]] = Field(
        description="By rule, the text of each code that it may give as a reason"
    )
    grants: dict[str, list[str]] = Field(
        description="By role, the tools and acts that it is granted"
    )


class ActivationRow(BaseModel):
    """One change of the policy in force."""

    revision: str
    previous: str = Field(description="The revision before, empty for none")
    at: int = Field(description="Unix seconds")


class Revisions(BaseModel):
    """Every change of the policy in force, the newest first."""

    data: list[ActivationRow]
