package rails.rules.refusals_test

import data.rails.request_test as request
import data.rails.rules.refusals

denied := {{"code": "too_many_refusals", "parameters": {}}}

test_nothing_below_the_limit if {
	count(refusals.deny) == 0 with input as request.write with input.context.run.refusals as 4
}

test_deny_at_the_limit if refusals.deny == denied with input as request.write with input.context.run.refusals as 5

test_nothing_at_the_limit_against_what_takes_an_effect_back if {
	count(refusals.deny) == 0 with input as request.write
		with input.context.run.refusals as 5
		with input.context.proposer as "undo"
}

test_deny_an_unknown_number if {
	refusals.deny == denied with input as json.remove(request.write, ["context/run/refusals"])
	refusals.deny == denied with input as request.write with input.context.run.refusals as null
	refusals.deny == denied with input as request.write with input.context.run.refusals as -1
}

test_deny_without_a_limit if refusals.deny == denied with input as request.write with data.rails.config.limits as {}

test_deny_with_a_limit_that_is_no_number if {
	refusals.deny == denied with input as request.write with data.rails.config.limits.refusals as "many"
}
