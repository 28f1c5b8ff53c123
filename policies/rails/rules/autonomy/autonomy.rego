# METADATA
# title: Autonomy
# description: >-
#   How far a run may go alone. 0: pure and read only. 1: anything more waits for a person. 2: writes alone.
#   3: as 2, and the irreversible tools the configuration lists (rule action_class). A person's act is not a run's.
# custom:
#   codes:
#     autonomy_level: "The autonomy of this run does not reach this class of action, or is not known."
package rails.rules.autonomy

import data.rails.lib.approvals
import data.rails.lib.catalogue

# METADATA
# title: Level
# description: The level must be known and reach the class of the action.
deny contains {"code": "autonomy_level", "parameters": {}} if {
	not is_reached
	not catalogue.is_persons_act
}

# METADATA
# title: Approve
# description: Below level 2, whatever is not known to leave things as they are waits for a valid approval.
oblige contains approvals.obligation(settings, data.rails.config.limits, input.action.tool) if {
	not is_harmless
	not is_alone
	not catalogue.is_persons_act
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

is_alone if input.context.run.autonomy in {2, 3}

is_harmless if input.action.action_class in {"pure", "read"}

is_reached if {
	is_harmless
	input.context.run.autonomy in {0, 1, 2, 3}
}

is_reached if {
	input.action.action_class in {"write", "irreversible"}
	input.context.run.autonomy in {1, 2, 3}
}
