# METADATA
# title: Offered
# description: >-
#   A planner may ask for the tools it was shown, and for no other, whatever its role is granted. The fixed steps of a
#   workflow, and what takes its effects back, are its author's, and need no offer. A request of version 1 or 2 was
#   recorded before the runtime knew who proposes, and is not held to it when it is replayed.
# custom:
#   codes:
#     not_offered: "The planner was not offered {tool}."
package rails.rules.offered

import data.rails.lib.catalogue

default tool := null

tool := input.action.tool

# METADATA
# title: Not offered
# description: The proposer must be known, and a planner must have been shown the tool.
deny contains {"code": "not_offered", "parameters": {"tool": tool}} if {
	not catalogue.is_act
	not is_own_step
	not is_offered
	not is_replayed
}

is_own_step if input.context.proposer in {"steps", "undo"}

is_offered if {
	input.context.proposer == "planner"
	is_array(input.context.offered)
	tool in input.context.offered
}

is_replayed if input.context.version in {1, 2}
