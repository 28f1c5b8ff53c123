"""Kill switches, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import same
from interlock.runtime.record.events import HOME
from interlock.runtime.record.of_approval import OfApprovals
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfSwitches(OfApprovals):
    """The rows of the switches that are engaged, by key."""

    kill_switch: Rows = field(default_factory=dict)

    def turn(self, log: str, _run: str, body: Values) -> None:
        """Engage or release a switch; the log of a tenant only repeats what the home's says."""
        if log != HOME:
            return
        switch = (body["scope"], body["id"])
        self.kill_switch.pop(switch, None)
        if body["engaged"]:
            self.kill_switch[switch] = same(body, "scope", "id", "tenant") | {
                "engaged": body["at"]
            }
