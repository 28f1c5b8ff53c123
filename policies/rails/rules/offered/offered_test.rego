package rails.rules.offered_test

import data.rails.request_test as request
import data.rails.rules.offered

refused := {"code": "not_offered", "parameters": {"tool": "report.write"}}

test_nothing_against_a_tool_the_planner_was_shown if {
	count(offered.deny) == 0 with input as request.write
}

test_nothing_against_a_step_of_the_workflow_or_an_undo if {
	every proposer in ["steps", "undo"] {
		count(offered.deny) == 0 with input as request.write
			with input.context.proposer as proposer
			with input.context.offered as null
	}
}

test_nothing_against_a_persons_act if {
	count(offered.deny) == 0 with input as request.decide
}

test_nothing_against_a_request_from_before_the_fact_was_known if {
	every version in [1, 2] {
		count(offered.deny) == 0 with input as json.remove(request.write, ["context/proposer", "context/offered"])
			with input.context.version as version
	}
}

test_deny_a_tool_the_planner_was_not_shown if {
	every names in [[], ["mail.send"], null, "report.write", {"a": "report.write"}] {
		offered.deny == {refused} with input as request.write with input.context.offered as names
	}
}

test_deny_a_proposer_nobody_knows if {
	every proposer in ["person", "", null] {
		offered.deny == {refused} with input as request.write with input.context.proposer as proposer
	}
	offered.deny == {refused} with input as json.remove(request.write, ["context/proposer"])
	offered.deny == {refused} with input as json.remove(request.write, ["context/proposer", "context/version"])
}
