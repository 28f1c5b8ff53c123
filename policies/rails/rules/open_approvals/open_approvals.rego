# METADATA
# title: Open approvals
# description: >-
#   Only so many questions wait for people at a time: of one run, and of all runs of its tenant. The runtime counts
#   again when it asks, because two requests may have read the same numbers.
# custom:
#   codes:
#     too_many_questions: "As many questions of this run or tenant wait as may wait, or their number is not known."
package rails.rules.open_approvals

import data.rails.rules.action_class
import data.rails.rules.autonomy

# METADATA
# title: Too many questions
# description: Where a person would be asked, both numbers must be known and below their limits.
deny contains {"code": "too_many_questions", "parameters": {}} if not is_configured

deny contains {"code": "too_many_questions", "parameters": {}} if {
	some obligation in (action_class.oblige | autonomy.oblige)
	obligation.kind == "approve"
	not has_room
}

limits := data.rails.config.limits.open_approvals

is_configured if {
	is_number(limits.run)
	is_number(limits.tenant)
}

has_room if {
	is_below(input.context.open_approvals.run, limits.run)
	is_below(input.context.open_approvals.tenant, limits.tenant)
}

is_below(number, limit) if {
	is_number(number)
	number >= 0
	number < limit
}
