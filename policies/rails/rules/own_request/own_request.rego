# METADATA
# title: Own request
# description: >-
#   Four eyes: nobody decides or resolves what was asked in his or her own name. The runtime sends both names in one
#   form, so that one person in other letters is the same person. An act may waive this guard (four_eyes).
# custom:
#   codes:
#     own_request: "The person who asked for it, or for whom it is done, may not decide it."
#     requester_unknown: "Who acts, or who asked for it, is not known."
package rails.rules.own_request

import data.rails.lib.catalogue

# METADATA
# title: Other person
# description: Both names must be known, and differ.
deny contains {"code": "own_request", "parameters": {}} if {
	is_asked
	is_known
	not is_other
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
}

is_other if {
	input.context.subject.person != input.context.subject.requester
	lower(trim_space(input.principal.id)) != input.context.subject.requester
}
