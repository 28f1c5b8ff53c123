# METADATA
# title: Own request
# description: >-
#   Four eyes: nobody decides or resolves what was asked in his or her own name, what an agent asks that is his or her
#   own, or an edit that he or she wrote. The runtime sends all names in one form, so that one person in other letters
#   is the same person. An act may waive this guard (four_eyes).
# custom:
#   codes:
#     own_request: "The person who asked for it, or for whom it is done, may not decide it."
#     own_agent: "The person owns the agent that asks, so somebody else decides."
#     own_edit: "The person wrote an edit of it, so somebody else decides."
#     requester_unknown: "Who acts, who asked for it or who wrote edits of it, or which agent asks, is not known."
package rails.rules.own_request

import data.rails.lib.approvals
import data.rails.lib.catalogue

# METADATA
# title: Other person
# description: Both names must be known, and differ.
deny contains {"code": "own_request", "parameters": {}} if {
	is_asked
	is_known
	not is_other
}

deny contains {"code": "own_agent", "parameters": {}} if {
	is_asked
	approvals.owns(data.rails.config.approval, input.context.subject.agent, input.context.subject.person)
}

deny contains {"code": "own_edit", "parameters": {}} if {
	is_asked
	input.context.subject.person in input.context.subject.editors
}

deny contains {"code": "requester_unknown", "parameters": {}} if {
	is_asked
	not is_known
}

is_asked if {
	catalogue.is_act
	not is_waived
}

is_waived if catalogue.waives("four_eyes")

is_known if {
	catalogue.is_name(input.context.subject.person)
	catalogue.is_name(input.context.subject.requester)
	catalogue.is_name(input.principal.id)
	catalogue.is_name(input.context.subject.agent)
	is_array(input.context.subject.editors)
}

is_other if {
	input.context.subject.person != input.context.subject.requester
	lower(trim_space(input.principal.id)) != input.context.subject.requester
}
