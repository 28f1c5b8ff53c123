package rails.rules.budget_test

import data.rails.request_test as request
import data.rails.rules.budget

unknown := {"code": "budget_unknown", "parameters": {}}

test_nothing_within_budget if count(budget.deny) == 0 with input as request.write

test_nothing_at_the_very_limit if {
	count(budget.deny) == 0 with input as request.write
		with input.context.budget.spent.tokens as 60
		with input.context.budget.reserved.tokens as 30
		with input.context.cost.tokens as 10
}

test_deny_what_spend_reservations_and_cost_bring_over_the_limit if {
	budget.deny == {{
		"code": "budget_exceeded",
		"parameters": {"level": "run", "kind": "tokens", "limit": 100, "would_be": 101},
	}} with input as request.write
		with input.context.budget.spent.tokens as 60
		with input.context.budget.reserved.tokens as 30
		with input.context.cost.tokens as 11
}

test_deny_each_kind_on_its_own if {
	budget.deny == {
		{"code": "budget_exceeded", "parameters": {"level": "run", "kind": "effects", "limit": 0, "would_be": 1}},
		{"code": "budget_exceeded", "parameters": {"level": "run", "kind": "steps", "limit": 0, "would_be": 1}},
	} with input as request.write
		with input.context.budget.limits.steps as 0
		with input.context.budget.limits.effects as 0
}

above := {"limits": request.hundred, "spent": request.none, "reserved": request.none, "level": "job", "passed": []}

test_deny_what_a_level_above_cannot_pay if {
	tenant := object.union(above, {"level": "tenant", "limits": {"money_micro": 4}})
	count(budget.deny) == 0 with input as request.write with input.context.budgets_above as [above]
	budget.deny == {{
		"code": "budget_exceeded",
		"parameters": {"level": "tenant", "kind": "money_micro", "limit": 4, "would_be": 5},
	}} with input as request.write with input.context.budgets_above as [above, tenant]
}

test_deny_a_level_above_of_which_anything_is_missing if {
	every place in ["/limits/tokens", "/spent/gpu_ms", "/reserved", "/level"] {
		budget.deny == {unknown} with input as request.write
			with input.context.budgets_above as [json.remove(above, [place])]
	}
	budget.deny == {unknown} with input as json.remove(request.write, ["context/budgets_above"])
	budget.deny == {unknown} with input as request.write with input.context.budgets_above as null
}

test_deny_a_missing_amount if {
	budget.deny == {unknown} with input as json.remove(request.write, ["context/budget/limits/wall_ms"])
	budget.deny == {unknown} with input as json.remove(request.write, ["context/budget/spent/steps"])
	budget.deny == {unknown} with input as json.remove(request.write, ["context/budget/reserved"])
	budget.deny == {unknown} with input as json.remove(request.write, ["context/cost/tokens"])
}

test_deny_an_amount_that_is_no_whole_number_from_0 if {
	budget.deny == {unknown} with input as request.write with input.context.cost.tokens as -1
	budget.deny == {unknown} with input as request.write with input.context.cost.tokens as 0.5
	budget.deny == {unknown} with input as request.write with input.context.cost.tokens as "0"
}

test_reserve_the_cost if budget.oblige == {request.reserve} with input as request.write

test_bound_the_answer_of_a_model if {
	budget.oblige == {request.reserve, request.bound} with input as request.generate
	budget.oblige == {request.reserve} with input as request.generate with data.rails.config.limits as {}
}
