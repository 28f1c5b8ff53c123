package rails.rules.intent_test

import data.rails.request_test as request
import data.rails.rules.intent

# The report, in a run whose words ask for these kinds.
asked(kinds) := with_intent({"spoken": true, "kinds": kinds})

with_intent(facts) := object.union(
	object.remove(request.write, {"context"}),
	{"context": object.union(object.remove(request.write.context, {"intent"}), {"intent": facts})},
)

codes(document) := result if {
	result := {reason.code | some reason in intent.deny} with input as document
}

done(document, counts) := object.union(document, {"context": {"done": counts}})

test_nothing_against_what_the_words_ask_for if {
	count(intent.deny) == 0 with input as asked({"report.write": null})
	count(intent.deny) == 0 with input as asked({"report.write": 1, "message.send": null})
}

test_nothing_against_a_run_without_words if {
	count(intent.deny) == 0 with input as with_intent({"spoken": false, "kinds": {}})
}

test_deny_what_the_words_do_not_ask_for if {
	intent.deny == {{"code": "outside_intent", "parameters": {"effects": "report.write"}}}
		with input as asked({"message.send": null})
}

test_deny_every_effect_where_the_words_ask_for_none if {
	codes(asked({})) == {"outside_intent"}
}

doing(effects) := {"report.write": {"action_class": "write", "effect": effects}}

test_each_of_several_effects_is_asked_for if {
	both := doing(["file.create", "message.send"])
	intent.deny == {{"code": "outside_intent", "parameters": {"effects": "file.create"}}}
		with input as asked({"message.send": null})
		with data.rails.config.tools as both
	count(intent.deny) == 0 with input as asked({"message.send": null, "file.create": null})
		with data.rails.config.tools as both
	intent.deny == {{"code": "beyond_intent", "parameters": {"effect": "message.send", "limit": 1}}}
		with input as done(asked({"message.send": 1, "file.create": 2}), {"report.write": 1})
		with data.rails.config.tools as both
}

test_one_name_of_an_effect_with_several_is_enough if {
	either := doing([["file.share", "permission.grant"], "message.send"])
	count(intent.deny) == 0 with input as asked({"message.send": null, "permission.grant": null})
		with data.rails.config.tools as either
	intent.deny == {{
		"code": "outside_intent",
		"parameters": {"effects": "file.share or permission.grant, message.send"},
	}} with input as asked({"report.write": null}) with data.rails.config.tools as either
	count(intent.deny) == 0
		with input as done(asked({"message.send": null, "file.share": 1, "permission.grant": 2}), {"report.write": 1})
		with data.rails.config.tools as either
	count(intent.deny) == 2
		with input as done(asked({"message.send": null, "file.share": 1, "permission.grant": 2}), {"report.write": 2})
		with data.rails.config.tools as either
}

in_plan := {"stated": true, "step": "first", "tools": []}

test_a_person_who_attends_is_asked_about_what_only_the_plan_has if {
	planned := object.union(asked({"message.send": null}), {"context": {"plan": in_plan}})
	count(intent.deny) == 0 with input as planned
	intent.oblige == {request.approve} with input as planned
	count(intent.oblige) == 0 with input as object.union(planned, {"context": {"approvals": [request.approval]}})
		with data.rails.build.revision as request.revision
	count(intent.oblige) == 0 with input as object.union(asked({"report.write": null}), {"context": {"plan": in_plan}})
}

test_deny_what_only_the_plan_has_where_nobody_attends_or_it_is_not_known if {
	every change in [
		{"run": {"autonomy": 3}},
		{"run": {"autonomy": 0}},
		{"plan": {"step": null}},
		{"plan": {"stated": null}},
		{"version": 7},
	] {
		planned := object.union(asked({"message.send": null}), {"context": {"plan": in_plan}})
		codes(object.union(planned, {"context": change})) == {"outside_intent"}
	}
	counted := object.union(done(asked({"report.write": 1}), {"report.write": 1}), {"context": {"plan": in_plan}})
	codes(counted) == {"beyond_intent"}
}

test_deny_more_than_the_words_ask_for if {
	two := asked({"report.write": 2})
	count(intent.deny) == 0 with input as done(two, {"report.write": 1, "mail.send": 4})
	intent.deny == {{"code": "beyond_intent", "parameters": {"effect": "report.write", "limit": 2}}}
		with input as done(two, {"report.write": 2})
}

test_deny_where_a_number_is_none if {
	every number in ["2", 0, -1, true, {}] {
		codes(asked({"report.write": number})) == {"beyond_intent"}
	}
}

test_deny_where_the_intent_is_not_known if {
	torn := [{"spoken": null, "kinds": {}}, {"spoken": true}, {"spoken": true, "kinds": []}]
	every facts in array.concat([null, {}, [], "all"], torn) {
		"intent_unknown" in codes(with_intent(facts))
	}
	"intent_unknown" in codes(json.remove(request.write, ["context/intent"]))
	"intent_unknown" in codes(json.remove(asked({"report.write": null}), ["context/done"]))
}

test_deny_a_tool_that_does_not_state_its_effect if {
	document := asked({"report.write": null})
	every rules in [{"action_class": "write"}, {"action_class": "irreversible", "effect": null}, {}] {
		codes(document) == {"effect_unknown"} with data.rails.config.tools as {"report.write": rules}
	}
	every effect in ["no.such", [], ["report.write", "no.such"], 7, null] {
		"effect_unknown" in codes(document) with data.rails.config.tools as doing(["report.write", effect])
	}
}

test_nothing_against_a_tool_that_states_none if {
	tools := {"report.write": {"action_class": "write", "effect": []}}
	count(intent.deny) == 0 with input as asked({}) with data.rails.config.tools as tools
}

test_nothing_against_reading if {
	tools := {"report.write": {"action_class": "read"}}
	count(intent.deny) == 0 with input as asked({}) with data.rails.config.tools as tools
}

test_deny_reading_that_states_an_effect if {
	tools := {"report.write": {"action_class": "read", "effect": ["page.read"]}}
	document := asked({})
	codes(document) == {"outside_intent"} with data.rails.config.tools as tools
}

test_nothing_against_what_takes_an_effect_back if {
	undo := object.union(asked({}), {"context": {"proposer": "undo"}})
	count(intent.deny) == 0 with input as undo
}

test_nothing_against_a_recorded_request_of_before if {
	every version in [1, 2, 3, 4, 5, 6] {
		count(intent.deny) == 0 with input as object.union(
			json.remove(request.write, ["context/intent"]),
			{"context": {"version": version}},
		)
	}
}

test_nothing_against_what_an_application_does if {
	tools := {"report.write": {"action_class": "write", "egress": "external"}}
	count(intent.deny) == 0 with input as asked({}) with data.rails.config.tools as tools
}

test_nothing_against_an_act if count(intent.deny) == 0 with input as request.decide

misplacing(change) := object.union(
	object.union(asked({"report.write": null, "message.send": null}), {"context": {
		"run": {"autonomy": 3},
		"misplaced": {"document": ["message.send", "report.write"]},
	}}),
	change,
)

test_deny_what_the_words_name_for_another_effect if {
	intent.deny == {{"code": "another_object", "parameters": {"argument": "document"}}}
		with input as misplacing({})
	codes(misplacing({"context": {"intent": {"spoken": false}}})) == set()
	codes(misplacing({"context": {"proposer": "undo"}})) == set()
	codes(misplacing({"context": {"plan": {"stated": true, "step": "write"}}})) == set()
}

test_nothing_against_what_one_kind_of_the_effect_may_take if {
	codes(misplacing({"context": {"misplaced": {"document": ["message.send"]}}})) == set()
	either := doing([["report.write", "file.create"]])
	named := misplacing({"context": {"intent": {"kinds": {"file.create": null}}}})
	codes(named) == set() with data.rails.config.tools as either
}

test_a_person_who_attends_is_asked_about_another_object if {
	attended := misplacing({"context": {"run": {"autonomy": 2}}})
	codes(attended) == set()
	intent.oblige == {request.approve} with input as attended
	approved := object.union(attended, {"context": {"approvals": [request.approval]}})
	count(intent.oblige) == 0 with input as approved with data.rails.build.revision as request.revision
}

test_deny_where_nobody_knows_what_is_misplaced if {
	"intent_unknown" in codes(misplacing({"context": {"misplaced": null}}))
}
