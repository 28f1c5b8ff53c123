package rails.rules.repeats_test

import data.rails.request_test as request
import data.rails.rules.repeats

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

arguments := {"to": "a", "amount": 50, "cc": [], "subject": {"chars": 4, "sha256": "x"}}

# An effect by a tool, and what the payment says that it said, too.
before(tool, said, same) := {"tool": tool, "settled": true, "said": said, "same": same, "overtook": []}

# The payment itself, but for those arguments of it that said something else.
paid(others) := before("bank.pay", ["amount", "subject", "to"], {argument: equal |
	some argument in ["amount", "subject", "to"]
	equal := [name | some name in [argument]; not name in others]
})

# The same, begun after these questions were asked.
overtaking(others, ids) := object.union(paid(others), {"overtook": ids})

# A payment that nobody attends, in a run with words that has read a stranger's and has paid the same.
pay := object.union(object.remove(request.write, {"action"}), {
	"action": {"tool": "bank.pay", "action_class": "write", "arguments": arguments},
	"context": {
		"run": {"label": foreign, "autonomy": 3},
		"intent": {"spoken": true, "kinds": {"payment.make": null}},
		"earlier": [paid(["subject"])],
	},
})

paying(fields) := {
	"bank.pay": object.union(
		{
			"action_class": "write",
			"effect": ["payment.make"],
			"trusted_arguments": ["to", "cc"],
			"critical_arguments": ["amount"],
		},
		fields,
	),
	"bank.plan": {
		"action_class": "write",
		"effect": [["payment.plan", "payment.make"]],
		"trusted_arguments": ["payee"],
		"critical_arguments": ["sum", "day"],
	},
	"mail.send": {"action_class": "write", "effect": ["message.send"], "trusted_arguments": ["person"]},
	"gift.send": {"action_class": "write", "effect": ["message.send", "payment.make"], "trusted_arguments": ["person"]},
}

codes(change, fields) := result if {
	document := object.union(pay, change)
	result := {reason.code | some reason in repeats.deny} with input as document
		with data.rails.config.tools as paying(fields)
}

after(effects) := {"context": {"earlier": effects}}

asked(change) := count(obligations) if {
	document := object.union(pay, change)
	obligations := repeats.oblige with input as document
		with data.rails.config.tools as paying({})
		with data.rails.build.revision as request.revision
}

test_deny_the_same_effect_again if codes({}, {}) == {"repeated"}

test_nothing_against_another_destination_or_another_amount if {
	every others in [["to"], ["amount"], ["to", "amount", "subject"]] {
		codes(after([paid(others)]), {}) == set()
	}
	codes(after([]), {}) == set()
	codes(after([paid(["to"]), paid([])]), {}) == {"repeated"}
}

test_an_argument_that_one_of_the_two_leaves_out_tells_nothing_apart if {
	same := {"to": ["to"], "amount": ["amount"]}
	codes(after([before("bank.pay", ["amount", "cc", "to"], same)]), {}) == {"repeated"}
	codes(after([before("bank.pay", ["amount", "to"], object.union(same, {"cc": []}))]), {}) == {"repeated"}
	codes(after([before("bank.pay", ["amount", "cc", "to"], object.union(same, {"cc": []}))]), {}) == set()
	codes(after([before("bank.pay", ["cc"], {"to": [], "amount": []})]), {}) == set()
}

test_all_arguments_count_where_none_that_counts_says_anything if {
	every list in [[], null] {
		fields := {"trusted_arguments": list, "critical_arguments": list}
		codes({}, fields) == set()
		codes(after([paid([])]), fields) == {"repeated"}
	}
	codes(after([before("bank.pay", [], {})]), {}) == {"repeated"}
}

test_another_text_is_another_effect_of_a_varied_kind_only if {
	told := {"context": {"intent": {"kinds": {"message.send": null}}}}
	codes(told, {"effect": ["message.send"]}) == set()
	codes(object.union(told, after([paid([])])), {"effect": ["message.send"]}) == {"repeated"}
	codes(told, {"effect": ["message.send", "payment.make"]}) == {"repeated"}
	codes(told, {"effect": [["message.send", "payment.make"]]}) == {"repeated"}
	codes(told, {"effect": []}) == {"repeated"}
}

test_deny_the_same_effect_by_another_tool if {
	planned := {"to": ["payee"], "amount": ["sum"], "subject": []}
	codes(after([before("bank.plan", ["day", "payee", "sum"], planned)]), {}) == {"repeated"}
	codes(after([before("bank.plan", ["payee", "sum"], planned)]), {}) == {"repeated"}
	codes(after([before("bank.plan", ["payee"], object.union(planned, {"amount": []}))]), {}) == {"repeated"}
	codes(after([before("gift.send", ["person"], {"to": ["person"], "amount": []})]), {}) == {"repeated"}
}

test_nothing_against_another_effect_by_another_tool if {
	every same in [{"to": [], "amount": ["sum"]}, {"to": ["payee"], "amount": []}] {
		codes(after([before("bank.plan", ["day", "payee", "sum"], same)]), {}) == set()
	}
	codes(after([before("mail.send", ["person"], {"to": ["person"], "amount": []})]), {}) == set()
	codes(after([before("other", ["person"], {"to": ["person"], "amount": []})]), {}) == set()
}

test_of_two_tools_of_a_varied_kind_every_argument_counts if {
	told := {"context": {"intent": {"kinds": {"message.send": null}}}}
	fields := {"effect": ["message.send"]}
	other := before("mail.send", ["person", "text"], {"to": ["person"], "amount": [], "subject": []})
	codes(object.union(told, after([other])), fields) == set()
	same := before("mail.send", ["person", "text"], {"to": ["person"], "amount": [], "subject": ["text"]})
	codes(object.union(told, after([same])), fields) == {"repeated"}
}

test_the_rule_intent_counts_where_the_words_say_a_number if {
	clean := {"context": {"run": {"label": request.trusted}, "earlier": [object.union(paid([]), {"settled": false})]}}
	two := {"context": {"intent": {"kinds": {"payment.make": 2}}}}
	codes(object.union(clean, two), {}) == set()
	codes(object.union(clean, {"context": {"intent": {"kinds": {"message.send": 2}}}}), {}) == {"repeated"}
	both := {"effect": ["payment.make", "refund.make"]}
	some_of_both := {"context": {"intent": {"kinds": {"payment.make": null, "refund.make": 2}}}}
	codes(object.union(clean, some_of_both), both) == {"repeated"}
}

test_a_number_in_the_words_is_of_several_effects_and_not_of_one_over_again if {
	two := {"context": {"intent": {"kinds": {"payment.make": 2}}}}
	codes(two, {}) == {"repeated"}
	codes(object.union(two, after([paid(["to", "amount"])])), {}) == set()
	asked(object.union(two, {"context": {"run": {"autonomy": 2}}})) == 1
}

test_what_nobody_read_may_have_asked_for_it_twice_too if {
	clean := {"context": {"run": {"label": request.trusted}, "labels": {"to": request.trusted}}}
	codes(clean, {}) == set()
	unread := object.union(clean, {"context": {"unread": {"given": ["to"], "bits": 16, "kept": true}}})
	codes(unread, {}) == {"repeated"}
	codes(object.union(unread, {"context": {"intent": {"kinds": {"payment.make": 2}}}}), {}) == {"repeated"}
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
	every version in [1, 2, 3, 4, 5, 6, 7, 8] {
		codes({"context": {"version": version}}, {}) == set()
	}
}

test_what_may_have_happened_is_not_tried_again_whatever_the_run_has_read if {
	every settled in [false, null] {
		unsettled := object.union(paid([]), {"settled": settled})
		codes({"context": {"run": {"label": request.trusted}, "earlier": [unsettled]}}, {}) == {"repeated"}
	}
	other := object.union(paid(["to"]), {"settled": false})
	codes({"context": {"run": {"label": request.trusted}, "earlier": [other]}}, {}) == set()
}

test_deny_what_is_not_known if {
	codes({"context": {"earlier": null}}, {}) == {"repeats_unknown"}
	codes(after([before("bank.pay", null, {})]), {}) == {"repeated"}
	codes({"context": {"run": {"label": null}}}, {}) == {"repeated"}
	codes({"context": {"intent": {"spoken": null}}}, {}) == {"repeated"}
}

test_a_person_who_attends_is_asked if {
	attended := {"context": {"run": {"autonomy": 2}}}
	codes(attended, {}) == set()
	asked(attended) == 1
	asked(object.union(attended, {"context": {"approvals": [request.approval]}})) == 0
	asked({}) == 0
	asked(object.union(attended, after([paid(["amount"])]))) == 0
}

test_a_verdict_is_for_what_was_done_when_it_was_asked if {
	approved := {"context": {"run": {"autonomy": 2}, "approvals": [request.approval]}}
	id := request.approval.id
	asked(object.union(approved, after([overtaking([], [id])]))) == 1
	asked(object.union(approved, after([paid([]), overtaking([], [id])]))) == 1
	asked(object.union(approved, after([overtaking([], ["another"])]))) == 0
	asked(object.union(approved, after([paid([]), overtaking(["amount"], [id])]))) == 0
	asked(object.union(approved, after([object.remove(paid([]), ["overtook"])]))) == 1
	asked(object.union(approved, after([overtaking([], null)]))) == 1
}
