# METADATA
# title: Action class
# description: >-
#   The class of an action is what the configuration says of its tool or act. The irreversible waits for a person,
#   unless a person does it, or the configuration lets it go alone: where nobody attends the run, or where somebody does
#   and the principal's words or plan prove all that it turns on.
# custom:
#   codes:
#     unknown_class: "The action class is missing or not one of pure, read, write, irreversible."
#     class_mismatch: "The action class is not the one configured for this tool or act."
package rails.rules.action_class

import data.rails.lib.approvals
import data.rails.lib.catalogue
import data.rails.lib.doubts

reversible := {"pure", "read", "write"}

# METADATA
# title: Class
# description: The class must be known, and be the tool's own.
deny contains {"code": "unknown_class", "parameters": {}} if not is_known

deny contains {"code": "class_mismatch", "parameters": {}} if not is_configured

# METADATA
# title: Approve
# description: Whatever is not known to be reversible waits for a valid approval.
oblige contains approvals.obligation(settings, data.rails.config.limits, input.action.tool) if {
	not is_reversible
	not catalogue.is_persons_act
	not is_unattended
	not is_proved
	not is_approved
}

is_reversible if input.action.action_class in reversible

is_known if is_reversible

is_known if input.action.action_class == "irreversible"

is_configured if input.action.action_class == catalogue.entry.action_class

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

is_unattended if {
	input.context.run.autonomy == 3
	input.action.tool in data.rails.config.autonomy.unattended_irreversible
}

# Proved work goes alone: the words ask for its effects (rule intent) and a plan that was stated has it (rule plan).
is_proved if {
	input.context.version >= 8
	input.context.run.autonomy == 2
	catalogue.is_attended
	input.action.tool in data.rails.config.autonomy.proved_irreversible
	count(catalogue.effects) > 0
	count(proved) > 0
	count(unproved) == 0
	every argument in catalogue.names {
		is_vouched(argument)
	}
}

decisive contains argument if {
	some argument in catalogue.names
	catalogue.must_be_trusted(argument)
}

decisive contains argument if {
	some argument in catalogue.names
	catalogue.is_critical(argument)
}

proved contains argument if {
	some argument in decisive
	doubts.is_vouched(argument)
}

unproved := decisive - proved

# A text may carry what it asks its reader to follow as in a run that nobody attends: rule actionable.
is_vouched(argument) if input.context.actionable[argument].integrity in {"trusted", "unvouched"}
