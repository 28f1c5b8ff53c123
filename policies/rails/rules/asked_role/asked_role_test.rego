package rails.rules.asked_role_test

import data.rails.request_test as request
import data.rails.rules.asked_role

missing(role) := {{"code": "role_missing", "parameters": {"role": role}}}

test_nothing_against_the_role_that_was_asked if count(asked_role.deny) == 0 with input as request.decide

test_nothing_against_an_act_that_waives_it if count(asked_role.deny) == 0 with input as request.cancel

test_nothing_against_a_tool if count(asked_role.deny) == 0 with input as request.write

test_deny_another_role if {
	asked_role.deny == missing("counsel") with input as request.decide with input.context.subject.role as "counsel"
}

test_deny_an_unknown_role if {
	asked_role.deny == missing(null) with input as json.remove(request.decide, ["context/subject"])
	asked_role.deny == missing(null) with input as request.decide with input.context.subject.role as null
	asked_role.deny == missing("reviewer") with input as json.remove(request.decide, ["principal/roles"])
	asked_role.deny == missing("reviewer") with input as request.decide
		with input.principal.roles as {"a": "reviewer"}
}
