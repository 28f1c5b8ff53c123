package rails.rules.own_request_test

import data.rails.request_test as request
import data.rails.rules.own_request

own := {{"code": "own_request", "parameters": {}}}

unknown := {{"code": "requester_unknown", "parameters": {}}}

test_nothing_against_another_person if count(own_request.deny) == 0 with input as request.decide

test_nothing_against_an_act_that_waives_it if count(own_request.deny) == 0 with input as request.cancel

test_nothing_against_a_tool if count(own_request.deny) == 0 with input as request.write

test_deny_the_requester if {
	own_request.deny == own with input as request.decide with input.context.subject.requester as "rita"
}

test_deny_the_requester_whatever_the_runtime_calls_the_person if {
	own_request.deny == own with input as request.decide with input.principal.id as " Ann"
}

test_deny_an_owner_of_the_agent if {
	own_request.deny == {{"code": "own_agent", "parameters": {}}} with input as request.decide
		with data.rails.config.approval.owners as [{"agent": "contract_review", "person": "rita"}]
	count(own_request.deny) == 0 with input as request.decide
		with data.rails.config.approval.owners as [{"agent": "other", "person": "rita"}]
}

test_deny_who_wrote_an_edit if {
	own_request.deny == {{"code": "own_edit", "parameters": {}}} with input as request.decide
		with input.context.subject.editors as ["bob", "rita"]
}

test_deny_unknown_names if {
	places := [
		"context/subject",
		"context/subject/person",
		"context/subject/requester",
		"context/subject/agent",
		"context/subject/editors",
		"principal/id",
	]
	every place in places {
		own_request.deny == unknown with input as json.remove(request.decide, [place])
	}
	own_request.deny == unknown with input as request.decide with input.context.subject as null
	own_request.deny == unknown with input as request.decide with input.context.subject.requester as " "
}
