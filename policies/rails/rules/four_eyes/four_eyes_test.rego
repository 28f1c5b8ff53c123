package rails.rules.four_eyes_test

import data.rails.request_test as request
import data.rails.rules.four_eyes

denials(verdict) := result if {
	result := four_eyes.deny with input as request.with_approval(verdict)
		with data.rails.build.revision as request.revision
}

with_change(change) := object.union(request.approval, change)

rejected := {"code": "approval_rejected", "parameters": {"approval": "a1"}}

unentitled := {"code": "approval_unentitled", "parameters": {"approval": "a1"}}

own := {"code": "self_approval", "parameters": {"approval": "a1"}}

unconfigured := {"code": "approval_unconfigured", "parameters": {}}

unreadable := {"code": "approvals_unknown", "parameters": {}}

test_nothing_against_a_good_approval if count(denials(request.approval)) == 0

test_nothing_against_no_approval if count(four_eyes.deny) == 0 with input as request.mail

test_deny_when_reviewer_is_principal if denials(with_change({"reviewer": "agent:1"})) == {own}

test_deny_when_reviewer_is_the_one_acted_for if {
	denials(with_change({"reviewer": "ann", "requester": "agent:1"})) == {own}
}

test_deny_when_reviewer_is_requester if denials(with_change({"reviewer": "bob", "requester": "bob"})) == {own}

test_deny_when_reviewer_is_unknown if denials(object.remove(request.approval, {"reviewer"})) == {own}

test_deny_when_principal_is_unknown if {
	four_eyes.deny == {own} with input as json.remove(request.approved, ["principal"])
		with data.rails.build.revision as request.revision
}

test_deny_a_rejection if denials(with_change({"verdict": "rejected"})) == {rejected}

test_deny_an_unknown_verdict if denials(with_change({"verdict": "maybe"})) == {rejected}

test_deny_a_reviewer_without_the_role if denials(with_change({"reviewer_roles": ["analyst"]})) == {unentitled}

test_deny_a_seat_that_is_not_needed if denials(with_change({"seat": "legal"})) == {unentitled}

test_deny_when_no_role_is_configured if {
	four_eyes.deny == {unconfigured, unentitled} with input as request.approved
		with data.rails.build.revision as request.revision
		with data.rails.config.approval as {}
}

test_nothing_against_a_used_rejection if {
	count(denials(with_change({"verdict": "rejected", "used": true}))) == 0
}

test_nothing_against_an_expired_rejection if {
	count(denials(with_change({"verdict": "rejected", "expires": 1000}))) == 0
}

test_nothing_against_an_outdated_rejection if {
	count(denials(with_change({"verdict": "rejected", "revision": "r0"}))) == 0
}

test_deny_a_rejection_whose_end_is_unknown if {
	denials(object.remove(with_change({"verdict": "rejected"}), {"expires", "used", "revision"})) == {rejected}
}

test_deny_when_approvals_are_missing if {
	four_eyes.deny == {unreadable} with input as json.remove(request.mail, ["context/approvals"])
}

test_deny_when_an_approval_is_no_object if {
	unreadable in four_eyes.deny with input as request.mail with input.context.approvals as ["yes"]
	unreadable in four_eyes.deny with input as request.mail with input.context.approvals as {}
}

test_deny_when_approvals_are_badly_configured if {
	bad := [
		{"ttl_s": 1},
		{"role": null, "ttl_s": 1},
		{"role": "r"},
		{"role": "r", "ttl_s": 0},
		{"role": "r", "ttl_s": "1"},
	]
	every settings in bad {
		four_eyes.deny == {unconfigured} with input as request.mail with data.rails.config.approval as settings
	}
}
