package rails.rules.tenancy_test

import data.rails.request_test as request
import data.rails.rules.tenancy

wrong := {{"code": "wrong_tenant", "parameters": {}}}

test_nothing_within_a_tenant if {
	count(tenancy.deny) == 0 with input as request.decide
	count(tenancy.deny) == 0 with input as request.cancel
}

test_nothing_against_a_tool if count(tenancy.deny) == 0 with input as request.write

test_nothing_against_an_act_that_waives_it if {
	count(tenancy.deny) == 0 with input as request.cancel
		with input.action.tool as "kill_switch.release"
		with input.context.subject as null
}

test_deny_another_tenant if {
	tenancy.deny == wrong with input as request.cancel with input.context.subject.tenant as "other"
}

test_deny_an_unknown_tenant if {
	every place in ["principal/tenant", "context/subject/tenant", "context/subject"] {
		tenancy.deny == wrong with input as json.remove(request.cancel, [place])
	}
	tenancy.deny == wrong with input as request.cancel
		with input.principal.tenant as ""
		with input.context.subject.tenant as ""
}
