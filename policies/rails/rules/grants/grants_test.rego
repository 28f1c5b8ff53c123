package rails.rules.grants_test

import data.rails.request_test as request
import data.rails.rules.grants

test_allow_a_role_that_lists_the_tool if {
	grants.allow == {{"code": "granted", "parameters": {"role": "contract_review.planner"}}} with input as request.write
}

test_steps_and_planner_are_granted_apart if {
	count(grants.allow) == 0 with input as request.write with input.context.proposer as "steps"
	grants.allow == {granted("contract_review.steps")} with input as request.generate
		with input.context.proposer as "steps"
	count(grants.allow) == 0 with input as request.generate
}

test_what_takes_effects_back_is_granted_apart if {
	withdrawing := object.union(request.write, {"action": {"tool": "report.withdraw"}})
	grants.allow == {granted("contract_review.undo")} with input as withdrawing with input.context.proposer as "undo"
	every proposer in ["steps", "planner", null] {
		count(grants.allow) == 0 with input as withdrawing with input.context.proposer as proposer
	}
}

test_a_role_may_grant_all_alike if {
	every proposer in ["steps", "planner", "undo", null] {
		grants.allow == {granted("contract_review")} with input as request.write
			with input.context.proposer as proposer
			with data.rails.config.grants as {"contract_review": ["report.write"]}
	}
}

test_a_part_of_a_role_is_no_role if {
	count(grants.allow) == 0 with input as request.write with input.principal.roles as ["contract_review.planner"]
}

granted(name) := {"code": "granted", "parameters": {"role": name}}

test_allow_names_every_role_that_grants if {
	grants.allow == {
		{"code": "granted", "parameters": {"role": "administrator"}},
		{"code": "granted", "parameters": {"role": "clerk"}},
	} with input as request.write
		with input.principal.roles as ["administrator", "clerk", "reviewer"]
		with data.rails.config.grants as {"administrator": ["report.write"], "clerk": ["report.write"]}
}

test_nothing_for_another_tool if {
	count(grants.allow) == 0 with input as request.write with input.action.tool as "budget.raise"
}

test_allow_every_person_what_everyone_may if {
	every roles in [[], ["everyone"], null] {
		grants.allow == {{"code": "granted", "parameters": {"role": "everyone"}}} with input as request.cancel
			with input.action.tool as "kill_switch.engage"
			with input.principal.roles as roles
	}
}

test_nothing_of_everyone_for_an_agent if {
	count(grants.allow) == 0 with input as request.write
		with input.action.tool as "kill_switch.engage"
		with input.principal.roles as ["everyone"]
	count(grants.allow) == 0 with input as request.write
		with input.principal.roles as ["everyone"]
		with data.rails.config.grants as {"everyone": ["report.write"]}
}

test_nothing_without_a_role if {
	count(grants.allow) == 0 with input as request.write with input.principal.roles as []
}

test_nothing_for_roles_that_are_no_list if {
	count(grants.allow) == 0 with input as request.write with input.principal.roles as {"a": "contract_review"}
}
