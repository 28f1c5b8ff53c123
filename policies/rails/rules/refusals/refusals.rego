# METADATA
# title: Refusals
# description: >-
#   A run that keeps proposing what is refused is stopped. What takes its effects back is proposed for a person who
#   cancels the run, and one refusal keeps no other effect from being undone.
# custom:
#   codes:
#     too_many_refusals: "This run has been refused too often, or how often is not known."
package rails.rules.refusals

# METADATA
# title: Too many refusals
# description: The number of refusals must be known and below the limit.
deny contains {"code": "too_many_refusals", "parameters": {}} if {
	not is_below_limit
	not is_undo
}

is_undo if input.context.proposer == "undo"

is_below_limit if {
	is_number(input.context.run.refusals)
	is_number(data.rails.config.limits.refusals)
	input.context.run.refusals >= 0
	input.context.run.refusals < data.rails.config.limits.refusals
}
