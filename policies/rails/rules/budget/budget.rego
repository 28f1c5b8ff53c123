# METADATA
# title: Budget
# description: >-
#   Spend, open reservations and the cost of this action stay within the limit of every kind, of the run and of every
#   level above: its job, its tenant. The cost is reserved before the act, because two requests may have read the same
#   spend. A soft limit stops nothing; that it is passed stands in `passed` of its level, for rules of your own.
# custom:
#   codes:
#     budget_unknown: "A limit, a spend, a reservation or the cost is missing or not a whole number from 0."
#     budget_exceeded: "The {level} has a budget of {limit} of {kind}; this action would bring it to {would_be}."
package rails.rules.budget

import data.rails.lib.catalogue

kinds := {"money_micro", "tokens", "steps", "effects", "wall_ms", "gpu_ms", "reviewer_ms"}

# The run's own and those above.
budgets := array.concat([input.context.budget], input.context.budgets_above)

# METADATA
# title: Within budget
# description: Every amount is known, and no kind goes over its limit.
deny contains {"code": "budget_unknown", "parameters": {}} if not is_known

deny contains {"code": "budget_exceeded", "parameters": {
	"level": budget.level,
	"kind": kind,
	"limit": limit,
	"would_be": would_be,
}} if {
	some budget in budgets
	some kind in kinds
	limit := budget.limits[kind]
	would_be := (budget.spent[kind] + budget.reserved[kind]) + input.context.cost[kind]
	would_be > limit
}

# METADATA
# title: Reserve
# description: The cost of this action, kind by kind.
oblige contains {"kind": "reserve", "parameters": {kind: input.context.cost[kind] | some kind in kinds}}

# METADATA
# title: Bound
# description: How many calls and bytes are taken of an answer of a model; without limits the runtime's own stand.
oblige contains {"kind": "bound", "parameters": {"calls": limits.calls, "answer_bytes": limits.answer_bytes}} if {
	catalogue.tool.egress == "model"
}

limits := data.rails.config.limits

is_known if {
	every kind in kinds {
		is_amount(input.context.cost[kind])
	}
	every budget in budgets {
		budget.level in {"run", "job", "tenant"}
		every kind in kinds {
			is_amount(budget.limits[kind])
			is_amount(budget.spent[kind])
			is_amount(budget.reserved[kind])
		}
	}
}

is_amount(value) if {
	is_number(value)
	value >= 0
	floor(value) == value
}
