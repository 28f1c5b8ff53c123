"""What the principal asks for, as a run's request: nothing but words."""

from interlock.runtime.door.tool import Value
from interlock.runtime.policy.spoken import Spoken


class Asked(Value):
    """A request."""

    text: Spoken
