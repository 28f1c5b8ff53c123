package rails.rules.repeats_test

import data.rails.request_test as request
import data.rails.rules.repeats

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

arguments := {"to": "a", "amount": 50, "cc": [], "subject": {"chars": 4, "sha256": "x"}}

# A payment that nobody attends, in a run with words that has read a stranger's.
pay := object.union(object.remove(request.write, {"action"}), {
	"action": {"tool": "bank.pay", "action_class": "write", "arguments": arguments},
	"context": {
		"run": {"label": foreign, "autonomy": 3},
		"intent": {"spoken": true, "kinds": {"payment.make": null}},
		"repeats": [["to", "amount", "cc"]],
	},
})

paying(fields) := {"bank.pay": object.union(
	{
		"action_class": "write",
		"effect": ["payment.make"],
		"trusted_arguments": ["to", "cc"],
		"critical_arguments": ["amount"],
	},
	fields,
)}

codes(change, fields) := result if {
	document := object.union(pay, change)
	result := {reason.code | some reason in repeats.deny} with input as document
		with data.rails.config.tools as paying(fields)
}

asked(change) := count(obligations) if {
	document := object.union(pay, change)
	obligations := repeats.oblige with input as document
		with data.rails.config.tools as paying({})
		with data.rails.build.revision as request.revision
}

test_deny_the_same_effect_again if codes({}, {}) == {"repeated"}

test_nothing_against_another_destination_or_another_amount if {
	every same in [["amount", "cc", "subject"], ["to", "cc"], []] {
		codes({"context": {"repeats": [same]}}, {}) == set()
	}
	codes({"context": {"repeats": []}}, {}) == set()
	codes({"context": {"repeats": [["to"], ["to", "amount"]]}}, {}) == {"repeated"}
}

test_an_argument_without_a_value_tells_nothing_apart if {
	every value in [[], "", null, {}, {"chars": 0, "sha256": "x"}] {
		codes({"action": {"arguments": {"cc": value}}, "context": {"repeats": [["to", "amount"]]}}, {}) == {"repeated"}
	}
	codes({"action": {"arguments": {"cc": ["b"]}}, "context": {"repeats": [["to", "amount"]]}}, {}) == set()
}

test_all_arguments_count_where_none_that_counts_says_anything if {
	every list in [[], null] {
		fields := {"trusted_arguments": list, "critical_arguments": list}
		codes({}, fields) == set()
		codes({"context": {"repeats": [["to", "amount", "cc", "subject"]]}}, fields) == {"repeated"}
	}
}

test_another_text_is_another_effect_of_a_varied_kind_only if {
	told := {"context": {"intent": {"kinds": {"message.send": null}}}}
	codes(told, {"effect": ["message.send"]}) == set()
	same := object.union(told, {"context": {"repeats": [["to", "amount", "cc", "subject"]]}})
	codes(same, {"effect": ["message.send"]}) == {"repeated"}
	codes(told, {"effect": ["message.send", "payment.make"]}) == {"repeated"}
	codes(told, {"effect": [["message.send", "payment.make"]]}) == {"repeated"}
	codes(told, {"effect": []}) == {"repeated"}
}

test_the_rule_intent_counts_where_the_words_say_a_number if {
	codes({"context": {"intent": {"kinds": {"payment.make": 2}}}}, {}) == set()
	codes({"context": {"intent": {"kinds": {"message.send": 2}}}}, {}) == {"repeated"}
	both := {"effect": ["payment.make", "refund.make"]}
	codes({"context": {"intent": {"kinds": {"payment.make": null, "refund.make": 2}}}}, both) == {"repeated"}
}

test_a_step_of_the_plan_is_good_as_often_as_the_plan_says if {
	codes({"context": {"plan": {"stated": true, "step": "pay"}}}, {}) == set()
	codes({"context": {"plan": {"stated": true, "step": null}}}, {}) == {"repeated"}
}

test_nothing_before_a_strangers_words_or_without_words if {
	codes({"context": {"run": {"label": request.trusted}}}, {}) == set()
	codes({"context": {"intent": {"spoken": false}}}, {}) == set()
	codes({"context": {"proposer": "undo"}}, {}) == set()
	codes({}, {"egress": "external"}) == set()
	codes({}, {"action_class": "read", "effect": []}) == set()
	every version in [1, 2, 3, 4, 5, 6, 7] {
		codes({"context": {"version": version}}, {}) == set()
	}
}

test_deny_what_is_not_known if {
	codes({"context": {"repeats": null}}, {}) == {"repeats_unknown"}
	codes({"context": {"run": {"label": null}}}, {}) == {"repeated"}
	codes({"context": {"intent": {"spoken": null}}}, {}) == {"repeated"}
}

test_a_person_who_attends_is_asked if {
	attended := {"context": {"run": {"autonomy": 2}}}
	codes(attended, {}) == set()
	asked(attended) == 1
	asked(object.union(attended, {"context": {"approvals": [request.approval]}})) == 0
	asked({}) == 0
	asked(object.union(attended, {"context": {"repeats": [["to"]]}})) == 0
}
