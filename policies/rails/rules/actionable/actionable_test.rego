package rails.rules.actionable_test

import data.rails.request_test as request
import data.rails.rules.actionable

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

after_reading(facts) := object.union(request.mail, {"context": object.union({"run": {"label": foreign}}, facts)})

linked := after_reading({"actionable": {"body": foreign}})

alone := object.union(linked, {"context": {"run": {"autonomy": 3}}})

test_nothing_before_anything_was_read if {
	clean := object.union(request.mail, {"context": {"actionable": {"body": foreign}}})
	count(actionable.deny) == 0 with input as clean
	count(actionable.oblige) == 0 with input as clean
}

test_nothing_against_the_principals_own if {
	count(actionable.deny) == 0 with input as after_reading({})
	count(actionable.oblige) == 0 with input as after_reading({})
}

test_a_person_is_asked_about_a_strangers_link if {
	count(actionable.deny) == 0 with input as linked
	actionable.oblige == {request.approve} with input as linked
}

test_nothing_against_what_no_stranger_can_write if {
	shown := {"integrity": "unvouched", "confidentiality": "public", "sources": ["tool:place.find#address"]}
	document := after_reading({"actionable": {"body": shown}})
	count(actionable.deny) == 0 with input as document
	count(actionable.oblige) == 0 with input as document
}

test_nobody_is_asked_once_it_is_approved if {
	approved := object.union(linked, {"context": {"approvals": [request.approval]}})
	count(actionable.oblige) == 0 with input as approved with data.rails.build.revision as request.revision
}

test_deny_where_nobody_attends if {
	tools := {"mail.send": {"action_class": "write", "egress": "mail"}}
	actionable.deny == {{"code": "actionable_untrusted", "parameters": {"argument": "body"}}}
		with input as alone
		with data.rails.config.tools as tools
}

test_a_person_is_asked_where_the_tool_waits_for_one_in_any_case if {
	count(actionable.deny) == 0 with input as alone
	count(actionable.oblige) == 1 with input as alone
}

test_deny_where_the_content_is_not_known if {
	every facts in [null, {}, []] {
		codes := {reason.code | some reason in actionable.deny} with input as object.union(
			json.remove(after_reading({}), ["context/actionable"]),
			{"context": {"actionable": facts}},
		)
		"actionable_unknown" in codes
	}
}

test_nothing_against_what_stays_inside if {
	inside := object.union(request.write, {"context": {"run": {"label": foreign}, "actionable": {"document": foreign}}})
	count(actionable.deny) == 0 with input as inside
	count(actionable.oblige) == 0 with input as inside
}

test_nothing_against_a_recorded_request_of_before if {
	every version in [1, 2, 3, 4, 5, 6] {
		count(actionable.oblige) == 0 with input as object.union(linked, {"context": {"version": version}})
	}
}
