# METADATA
# title: Actionable
# description: >-
#   After the run has read what nobody vouches for, a text that goes out may carry addresses, links, account and
#   telephone numbers of the principal's choice only, or such as no stranger can write: such a thing moves its
#   reader. A person is asked about any other; a run that nobody attends is denied. A request of version 1 to 6
#   was recorded before this was a fact.
# custom:
#   codes:
#     actionable_unknown: "What the argument {argument} asks its reader to follow is not known."
#     actionable_untrusted: "The argument {argument} holds an address, link or number that the request does not name."
package rails.rules.actionable

import data.rails.lib.approvals
import data.rails.lib.catalogue

# METADATA
# title: Content
# description: What can be acted on must be known, and be the principal's where nobody is asked.
deny contains {"code": "actionable_unknown", "parameters": {"argument": argument}} if {
	is_held
	some argument, _ in input.action.arguments
	not is_known(argument)
}

deny contains {"code": "actionable_untrusted", "parameters": {"argument": argument}} if {
	is_held
	catalogue.goes_alone
	some argument in untrusted
}

# METADATA
# title: Approve
# description: Somebody else's address or link in a text that goes out waits for a valid approval.
oblige contains approvals.obligation(settings, data.rails.config.limits, input.action.tool) if {
	is_held
	count(untrusted) > 0
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

is_held if {
	leaves
	not catalogue.is_clean
	not is_replayed
}

leaves if {
	catalogue.is_tool
	catalogue.is_outward
}

# Nobody knows where a tool leads that is not configured.
leaves if {
	not catalogue.is_tool
	not catalogue.is_act
}

is_replayed if input.context.version in {1, 2, 3, 4, 5, 6}

is_known(argument) if input.context.actionable[argument].integrity in {"trusted", "unvouched", "untrusted"}

untrusted contains argument if {
	some argument, label in input.context.actionable
	not is_vouched(label)
}

# After a stranger's text the agent's own word is untrusted. So what is unvouched then was shown by a tool, in a field
# that no stranger can write.
is_vouched(label) if label.integrity in {"trusted", "unvouched"}
