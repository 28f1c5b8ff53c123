# METADATA
# title: Data labels
# description: >-
#   Where a value came from decides where it may go: destinations come from trusted values only, never from what was
#   read (untrusted) and never from the agent's own word (unvouched), unless a person who attends the run agrees; and
#   nothing flows to a sink that may not hold it.
#   Asked of every tool that is not known to stay inside.
# custom:
#   codes:
#     untrusted_destination: "The destination in {argument} is not one the request named; it may come from: {sources}."
#     clearance: "Data that is {data} may not flow to a sink cleared for {sink}."
#     unknown_label: "The label of {argument} is missing or unreadable."
package rails.rules.data_labels

import data.rails.lib.approvals
import data.rails.lib.catalogue
import data.rails.lib.doubts

rank := {"public": 0, "internal": 1, "confidential": 2}

default labels := {}

labels := input.context.labels if is_object(input.context.labels)

default sink := "unknown"

sink := input.resource.clearance if rank[input.resource.clearance]

# METADATA
# title: Flow
# description: Every label must be known, every destination trusted, and the sink cleared for the join of all labels.
deny contains {"code": "unknown_label", "parameters": {"argument": argument}} if {
	not is_inside
	some argument in names
	not is_known(argument)
}

deny contains {"code": "untrusted_destination", "parameters": {"argument": argument, "sources": sources(argument)}} if {
	some argument in doubtful
	not doubts.can_be_asked(argument)
}

deny contains {"code": "clearance", "parameters": {"data": data_label, "sink": sink}} if {
	not is_inside
	not is_cleared
}

# METADATA
# title: Doubt
# description: A doubtful destination waits for the person who attends the run; its label is what that person is shown.
oblige contains approvals.obligation(settings, data.rails.config.limits, input.action.tool) if {
	some argument in doubtful
	doubts.can_be_asked(argument)
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

doubtful contains argument if {
	not is_inside
	some argument in names
	catalogue.must_be_trusted(argument)
	not is_trusted(argument)
}

is_inside if catalogue.tool.egress == "none"

# What a person does stays in this installation; what leaves it goes by a tool.
is_inside if catalogue.is_act

names contains argument if some argument, _ in input.action.arguments

names contains argument if some argument, _ in labels

is_known(argument) if {
	label := labels[argument]
	label.integrity in {"trusted", "unvouched", "untrusted"}
	rank[label.confidentiality]
}

is_trusted(argument) if doubts.is_vouched(argument)

sources(argument) := object.get(labels, [argument, "sources"], [])

is_cleared if {
	limit := rank[sink]
	every label in labels {
		rank[label.confidentiality] <= limit
	}
}

default data_label := "unknown"

data_label := word if {
	joined := max([rank[label.confidentiality] | some label in labels])
	some word, level in rank
	level == joined
}
