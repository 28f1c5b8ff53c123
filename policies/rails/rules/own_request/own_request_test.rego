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

test_deny_unknown_names if {
	every place in ["context/subject", "context/subject/person", "context/subject/requester", "principal/id"] {
		own_request.deny == unknown with input as json.remove(request.decide, [place])
	}
	own_request.deny == unknown with input as request.decide with input.context.subject as null
	own_request.deny == unknown with input as request.decide with input.context.subject.requester as " "
}
