# METADATA
# title: Requester
# description: >-
#   An act whose entry says by requester is for the person who asked for the thing, such as the answer to a question
#   that a reviewer has. The runtime sends both names in one form.
# custom:
#   codes:
#     not_requester: "Only the person who asked for it may do this."
package rails.rules.requester

import data.rails.lib.catalogue

# METADATA
# title: Who asked
# description: Both names must be known, and be the same.
deny contains {"code": "not_requester", "parameters": {}} if {
	catalogue.is_act
	catalogue.act.by == "requester"
	not is_requester
}

is_requester if {
	catalogue.is_name(input.context.subject.person)
	input.context.subject.person == input.context.subject.requester
}
