"""A plan: the calls that a planner is going to make, stated before it has read anything untrusted.

Who states it was influenced by nobody but the principal and our own configuration. So whatever is
read later cannot change what the plan says, and a call is proved by evaluating the plan over what
the run's tools have shown. A plan orders nothing: the planner still proposes every call.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.door.plan.expression import compiled
from interlock.runtime.door.tool import Value
from interlock.runtime.errors import NotCanonical

#: Bytes of the largest plan
LARGEST: Final = 65_536
MOST_STEPS: Final = 64
#: The name by which the expressions of an `each` step know its element
ITEM: Final = "item"

#: Where a part stands in what is around it
PLACE: Final = "{0}"

#: What a part of a text can be
Part: TypeAlias = Literal[
    "text", "address", "link", "account", "date", "amount", "number", "id"
]


def _expression(text: str) -> str:
    """Return *text*; raises ValueError for what is no expression, so that it fits no plan."""
    if text:
        compiled(text)
    return text


Expression: TypeAlias = Annotated[
    str, Field(max_length=500), AfterValidator(_expression)
]
Name: TypeAlias = Annotated[str, Field(pattern="^[a-z_][a-z0-9_]*$", max_length=64)]


class Term(Value):
    """What one argument will be: a literal, an expression, or a part of what one gives."""

    #: The literal; stated where both expressions are empty
    value: Json = None
    #: A JMESPath expression over {step: its result}, and "item" in a step with `each`
    of: Expression = ""
    #: An expression that gives a text: the argument is a part of that text
    within: Expression = ""
    #: What the part is. But for "text", it is the only part of that kind
    kind: Part = "text"
    #: The argument has the part in place of {0}: "Dinner at {0}"
    around: Annotated[str, Field(max_length=500)] = PLACE

    @model_validator(mode="after")
    def _is_one(self) -> "Term":
        stated = (self.value is not None, bool(self.of), bool(self.within))
        if sum(stated) > 1:
            raise ValueError("a term is a value, an expression or a part, only one")
        if self.around.count(PLACE) != 1:
            raise ValueError(f"{PLACE} stands once where the part does")
        return self


class PlannedStep(Value):
    """One call to come, or one for each element of a list."""

    name: Name
    tool: Annotated[str, Field(min_length=1, max_length=128)]
    #: What is known of the arguments; one that is left out is free
    arguments: dict[str, Term] = Field(default_factory=dict, max_length=64)
    #: An expression that gives a list: the step is one call for each of its elements
    each: Expression = ""


class Plan(Value):
    """State what you are going to do, before you read anything.

    Each step names a tool and what its arguments will be: a value, or a JMESPath expression over
    the results of earlier steps. Calls that the plan proves go through later; others may not.
    """

    steps: list[PlannedStep] = Field(min_length=1, max_length=MOST_STEPS)

    @model_validator(mode="after")
    def _is_bounded(self) -> "Plan":
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names) or ITEM in names:
            raise ValueError(f"each step has a name of its own, which is not {ITEM!r}")
        try:
            size = len(canonical(self.model_dump(mode="json")))
        except NotCanonical as error:
            raise ValueError(str(error)) from error
        if size > LARGEST:
            raise ValueError(f"a plan has no more than {LARGEST} bytes")
        return self


def tools_of(plan: Any) -> tuple[str, ...]:
    """Return the names of the tools in a plan, in order; none for what is no plan."""
    if not isinstance(plan, Plan):
        return ()
    return tuple(sorted({step.tool for step in plan.steps}))
