# METADATA
# title: Sequence
# description: >-
#   What a run did before bounds what it may do next. Private data, words of strangers and a way out meet in one
#   run only where an argument states the destination, which data_labels and trusted_arguments hold to the
#   principal's words. What an effect turns on is, after words of strangers, what the principal said, or a person
#   looks at it. A tool that requires others is used on what these were used on before. A request of version 1 to 6
#   was recorded before these were facts.
# custom:
#   codes:
#     no_destination: "After private data and words of strangers, {tool} would reach somebody that no argument states."
#     critical_argument: "After words of strangers, {argument} must come from the request itself: nobody is asked."
#     sequence_unknown: "What the run did on the same thing before is not known."
#     not_grounded: "It needs {required} on the same thing before, in the same run."
package rails.rules.sequence

import data.rails.lib.approvals
import data.rails.lib.catalogue
import data.rails.lib.doubts
import data.rails.lib.reading

tool := input.action.tool

# METADATA
# title: Rule of two
# description: >-
#   With private data and words of strangers in the run, what reaches others states its destination. A request that is a
#   form speaks of no destination: there the operator's word holds that no argument chooses one.
deny contains {"code": "no_destination", "parameters": {"tool": tool}} if {
	is_exposed
	not states_destination
}

# METADATA
# title: Critical
# description: After words of strangers every critical argument must be trusted, where no person looks at it.
deny contains {"code": "critical_argument", "parameters": {"argument": argument}} if {
	catalogue.goes_alone
	some argument in doubtful
}

# METADATA
# title: Doubt
# description: >-
#   After words of strangers a critical argument that is not trusted waits for a person, where one looks at it. A
#   request of version 7 was recorded before.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	count(doubtful) > 0
	not is_before_asking
	not catalogue.goes_alone
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

# METADATA
# title: Grounding
# description: Each tool that is required was done on the same resource before.
deny contains {"code": "not_grounded", "parameters": {"required": required}} if {
	is_held
	some required in catalogue.tool.requires
	not is_done_here(required)
}

deny contains {"code": "sequence_unknown", "parameters": {}} if {
	is_held
	not is_known
}

is_held if {
	catalogue.is_tool
	not is_replayed
	not is_undone
}

is_replayed if input.context.version in {1, 2, 3, 4, 5, 6}

is_undone if input.context.proposer == "undo"

is_exposed if {
	is_held
	not is_form
	catalogue.is_outward
	not catalogue.is_clean
	not is_public
}

is_form if input.context.intent.spoken == false

is_public if reading.is_public

states_destination if {
	some argument in catalogue.tool.trusted_arguments
	catalogue.says_something(argument)
}

# What leaves by itself goes somewhere; a meeting or a file without people stays with the principal.
states_destination if {
	count(catalogue.tool.trusted_arguments) > 0
	catalogue.tool.egress in {"none", "model"}
}

# A tool that does not say which must be trusted is held to trust all of them by the other rules.
states_destination if not is_array(object.get(catalogue.tool, "trusted_arguments", null))

doubtful contains argument if {
	is_held
	not catalogue.is_clean
	some argument in critical
	not is_trusted(argument)
}

critical contains argument if some argument in catalogue.tool.critical_arguments

critical contains argument if {
	not is_before_asking
	some argument in catalogue.names
	catalogue.is_critical(argument)
}

is_before_asking if input.context.version == 7

is_trusted(argument) if doubts.is_vouched(argument)

is_known if is_array(input.context.done_here)

is_done_here(required) if required in input.context.done_here
