package rails_test

import data.rails
import data.rails.request_test as request

granted := {"rule": "grants", "code": "granted", "parameters": {"role": "contract_review.planner"}}

answer(document) := result if {
	result := rails.decision with input as document with data.rails.build.revision as request.revision
}

codes(decision) := {reason.code | some reason in decision.reasons}

test_permit_names_the_allowing_rule_and_reserves if {
	answer(request.write) == {
		"effect": "permit",
		"reasons": [granted],
		"obligations": [request.reserve],
		"revision": request.revision,
	}
}

test_permit_waits_for_a_person_after_the_reservation if {
	answer(request.mail) == {
		"effect": "permit",
		"reasons": [granted],
		"obligations": [request.reserve, request.approve],
		"revision": request.revision,
	}
}

test_permit_once_approved if answer(request.approved).obligations == [request.reserve]

test_two_rules_that_want_the_same_approval_ask_once if {
	cautious := object.union(request.mail, {"context": {"run": {"autonomy": 1}}})
	answer(cautious).obligations == [request.reserve, request.approve]
}

test_a_persons_act_is_permitted_at_once if {
	every document in [request.decide, request.cancel] {
		answer(document).effect == "permit"
		[obligation.kind | some obligation in answer(document).obligations] == ["reserve"]
	}
}

test_a_release_is_permitted_while_everything_is_stopped if {
	release := object.union(json.remove(request.cancel, ["action/arguments"]), {
		"principal": {"roles": ["administrator"]},
		"action": {
			"tool": "kill_switch.release",
			"action_class": "write",
			"arguments": {"scope": "all", "id": "*"},
		},
		"context": {"kill_switches": [{"scope": "all", "id": "*"}], "subject": null},
	})
	answer(release).effect == "permit"
}

test_deny_overrides_and_obliges_nothing if {
	killed := object.union(request.write, {"context": {"kill_switches": [{"scope": "all", "id": "*"}]}})
	answer(killed) == {
		"effect": "deny",
		"reasons": [{"rule": "kill_switch", "code": "killed", "parameters": {"scope": "all", "id": "*"}}],
		"obligations": [],
		"revision": request.revision,
	}
}

test_deny_when_nothing_allows if {
	nobody := object.union(request.write, {"principal": {"roles": []}})
	answer(nobody) == {
		"effect": "deny",
		"reasons": [{"rule": "rails", "code": "not_granted", "parameters": {"tool": "report.write"}}],
		"obligations": [],
		"revision": request.revision,
	}
}

test_deny_reasons_are_sorted_by_rule_and_code if {
	reasons := answer({}).reasons
	order := [[reason.rule, reason.code] | some reason in reasons]
	order == sort(order)
	"unknown_tool" in {reason.code | some reason in reasons}
}

test_deny_without_a_revision if {
	decision := rails.decision with input as request.write
	decision.effect == "deny"
	decision.revision == ""
	codes(decision) == {"no_revision", "revision_mismatch"}
}

test_deny_any_input_in_the_same_shape if {
	every document in [null, true, 7, "request", [], {}] {
		decision := answer(document)
		object.keys(decision) == {"effect", "reasons", "obligations", "revision"}
		decision.effect == "deny"
		decision.obligations == []
		"not_granted" in codes(decision)
	}
}

test_deny_an_obligation_without_a_place if {
	decision := answer(request.write) with data.rails.rules.refusals.oblige as {{"kind": "dance", "parameters": {}}}
	decision.reasons == [{"rule": "rails", "code": "unknown_obligation", "parameters": {}}]
}

test_deny_two_different_obligations_of_one_kind if {
	other := {{"kind": "approve", "parameters": {"role": "administrator", "ttl_s": 1}}}
	decision := answer(request.mail) with data.rails.rules.refusals.oblige as other
	decision.reasons == [{"rule": "rails", "code": "conflicting_obligations", "parameters": {"kind": "approve"}}]
}

test_deny_even_when_the_reason_is_malformed if {
	decision := answer(request.write) with data.rails.rules.refusals.deny as {"no"}
	decision == {"effect": "deny", "reasons": [], "obligations": [], "revision": request.revision}
}
