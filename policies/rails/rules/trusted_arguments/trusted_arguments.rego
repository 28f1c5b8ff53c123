# METADATA
# title: Trusted arguments
# description: >-
#   Some arguments choose what is touched, such as the path of a file to read. They must come from the principal's own
#   request, whatever the tool and whatever was read before: neither a value that was read somewhere nor the agent's own
#   word may choose what is read next, unless a person who attends the run agrees.
# custom:
#   codes:
#     untrusted_argument: "The argument {argument} must come from the request itself."
package rails.rules.trusted_arguments

import data.rails.lib.approvals
import data.rails.lib.catalogue
import data.rails.lib.doubts

# METADATA
# title: Chosen by the principal
# description: Each argument that the configuration lists is labelled trusted; without a list, each that there is.
deny contains {"code": "untrusted_argument", "parameters": {"argument": argument}} if {
	some argument in doubtful
	not doubts.can_be_asked(argument)
}

# METADATA
# title: Doubt
# description: A doubtful argument waits for the person who attends the run; its label is what that person is shown.
oblige contains approvals.obligation(settings, data.rails.config.limits, input.action.tool) if {
	some argument in doubtful
	doubts.can_be_asked(argument)
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

doubtful contains argument if {
	catalogue.tool.egress == "none" # destinations of the others are the business of data_labels
	some argument in (catalogue.names | listed)
	catalogue.must_be_trusted(argument)
	not is_trusted(argument)
}

listed contains argument if some argument in catalogue.tool.trusted_arguments

is_trusted(argument) if doubts.is_vouched(argument)

# An argument that may be left out, and is, chooses nothing.
is_trusted(argument) if {
	is_object(input.action.arguments)
	is_object(input.context.labels)
	not is_mentioned(argument)
}

is_mentioned(argument) if argument in catalogue.names
