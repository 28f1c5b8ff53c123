package rails.rules.requester_test

import data.rails.request_test as request
import data.rails.rules.requester

denied := {{"code": "not_requester", "parameters": {}}}

answer := object.union(request.decide, {
	"action": {"tool": "approval.answer", "arguments": {"approval": "a1", "note": "it is ours"}},
	"context": {"subject": {"requester": "rita"}},
})

test_nothing_against_who_asked if count(requester.deny) == 0 with input as answer

test_nothing_against_another_act if count(requester.deny) == 0 with input as request.decide

test_nothing_against_a_tool if count(requester.deny) == 0 with input as request.write

test_deny_somebody_else if {
	requester.deny == denied with input as answer with input.context.subject.requester as "ann"
}

test_deny_unknown_names if {
	every place in ["context/subject", "context/subject/person", "context/subject/requester"] {
		requester.deny == denied with input as json.remove(answer, [place])
	}
	requester.deny == denied with input as answer with input.context.subject as {"person": "", "requester": ""}
}
