package rails.rules.open_approvals_test

import data.rails.request_test as request
import data.rails.rules.open_approvals

denied := {{"code": "too_many_questions", "parameters": {}}}

test_nothing_where_nobody_is_asked if {
	count(open_approvals.deny) == 0 with input as request.write
		with input.context.open_approvals as {"run": 10, "tenant": 100}
		with data.rails.build.revision as request.revision
	count(open_approvals.deny) == 0 with input as request.approved
		with input.context.open_approvals as {"run": 10, "tenant": 100}
		with data.rails.build.revision as request.revision
}

test_nothing_below_the_limits if {
	count(open_approvals.deny) == 0 with input as request.mail
		with input.context.open_approvals as {"run": 9, "tenant": 99}
}

test_deny_at_either_limit if {
	open_approvals.deny == denied with input as request.mail
		with input.context.open_approvals as {"run": 10, "tenant": 0}
	open_approvals.deny == denied with input as request.mail
		with input.context.open_approvals as {"run": 0, "tenant": 100}
}

test_deny_a_write_that_would_wait if {
	open_approvals.deny == denied with input as request.write
		with input.context.run.autonomy as 1
		with input.context.open_approvals as {"run": 10, "tenant": 0}
}

test_deny_an_unknown_number if {
	open_approvals.deny == denied with input as json.remove(request.mail, ["context/open_approvals"])
	open_approvals.deny == denied with input as request.mail with input.context.open_approvals.run as null
	open_approvals.deny == denied with input as request.mail with input.context.open_approvals.tenant as -1
}

test_deny_without_limits if {
	open_approvals.deny == denied with input as request.write with data.rails.config.limits as {"refusals": 5}
	open_approvals.deny == denied with input as request.write
		with data.rails.config.limits.open_approvals as {"run": "many", "tenant": 100}
}
