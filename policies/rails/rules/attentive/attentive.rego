# METADATA
# title: Attentive
# description: >-
#   Whoever approved more canaries than are let pass approves nothing more; a canary is a request that is known to be
#   bad, put before people to see whether these look. Rejecting stays allowed, and so many canaries caught after a miss
#   make it good. What a person met is a fact of the runtime; without it nobody approves.
# custom:
#   codes:
#     attention_unknown: "Which canaries the person met is not known, or how many may be missed is not configured."
#     attention_lost: "The person approved {missed} requests known to be bad. Catching {catches} more makes it good."
package rails.rules.attentive

import data.rails.lib.catalogue

# METADATA
# title: Approving
# description: The canaries must be known, and few enough of them missed.
deny contains {"code": "attention_unknown", "parameters": {}} if {
	is_asked
	not is_known
}

deny contains {"code": "attention_lost", "parameters": {"missed": count(standing), "catches": catches}} if {
	is_asked
	is_known
	not is_attentive
}

is_asked if {
	catalogue.is_act
	input.action.tool == "approval.decide"
	not is_rejection
}

is_rejection if input.action.arguments.verdict == "rejected"

is_known if {
	is_number(input.context.now)
	is_number(data.rails.config.attention.window_s)
	is_number(data.rails.config.attention.most_missed)
	is_number(catches)
	is_array(input.context.subject.canaries)
	every canary in input.context.subject.canaries {
		is_number(canary.at)
		is_boolean(canary.caught)
	}
}

is_attentive if count(standing) <= data.rails.config.attention.most_missed

catches := data.rails.config.attention.catches

# The misses that still count
standing contains number if {
	some number, canary in input.context.subject.canaries
	canary.caught == false
	canary.at > input.context.now - data.rails.config.attention.window_s
	not is_made_good(number)
}

is_made_good(number) if {
	count([1 |
		some later, canary in input.context.subject.canaries
		later > number
		canary.caught == true
	]) >= catches
}
