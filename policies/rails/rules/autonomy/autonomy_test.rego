package rails.rules.autonomy_test

import data.rails.request_test as request
import data.rails.rules.autonomy

denied := {{"code": "autonomy_level", "parameters": {}}}

at(document, class, level) := object.union(
	document,
	{"action": {"action_class": class}, "context": {"run": {"autonomy": level}}},
)

test_nothing_within_the_level if {
	every case in [["read", 0], ["pure", 0], ["write", 1], ["irreversible", 1], ["write", 2], ["irreversible", 3]] {
		count(autonomy.deny) == 0 with input as at(request.write, case[0], case[1])
	}
}

test_deny_effects_at_level_0 if {
	autonomy.deny == denied with input as at(request.write, "write", 0)
	autonomy.deny == denied with input as at(request.write, "irreversible", 0)
}

test_deny_an_unknown_level_or_class if {
	autonomy.deny == denied with input as at(request.write, "read", 4)
	autonomy.deny == denied with input as at(request.write, "harmless", 3)
	autonomy.deny == denied with input as json.remove(request.write, ["context/run/autonomy"])
	autonomy.deny == denied with input as json.remove(request.write, ["action/action_class"])
}

test_nothing_against_a_persons_act if {
	count(autonomy.deny) == 0 with input as request.decide
	count(autonomy.oblige) == 0 with input as request.decide
}

test_deny_an_act_that_is_no_persons if {
	autonomy.deny == denied with input as request.decide with input.principal.on_behalf_of as "ann"
}

test_approve_effects_at_level_1 if {
	autonomy.oblige == {request.approve} with input as at(request.write, "write", 1)
	autonomy.oblige == {request.approve} with input as at(request.write, "irreversible", 1)
}

test_nothing_to_approve_once_approved if {
	count(autonomy.oblige) == 0 with input as at(request.approved, "irreversible", 1)
		with data.rails.build.revision as request.revision
}

test_nothing_to_approve_for_reads_or_from_level_2 if {
	count(autonomy.oblige) == 0 with input as at(request.write, "read", 1)
	count(autonomy.oblige) == 0 with input as at(request.write, "write", 2)
	count(autonomy.oblige) == 0 with input as at(request.write, "write", 3)
}

test_approve_at_an_unknown_level if {
	autonomy.oblige == {request.approve} with input as json.remove(request.write, ["context/run/autonomy"])
}
