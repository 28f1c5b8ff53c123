package rails.rules.action_class_test

import data.rails.request_test as request
import data.rails.rules.action_class

unknown := {"code": "unknown_class", "parameters": {}}

mismatch := {"code": "class_mismatch", "parameters": {}}

test_nothing_against_the_configured_class if {
	count(action_class.deny) == 0 with input as request.write
	count(action_class.deny) == 0 with input as request.mail
}

test_deny_a_class_that_is_not_the_tools_own if {
	action_class.deny == {mismatch} with input as request.mail with input.action.action_class as "read"
}

test_deny_an_unknown_class if {
	action_class.deny == {unknown, mismatch} with input as request.write with input.action.action_class as "harmless"
}

test_deny_a_missing_class if {
	action_class.deny == {unknown, mismatch} with input as json.remove(request.write, ["action/action_class"])
}

test_nothing_to_approve_for_a_write if {
	count(action_class.oblige) == 0 with input as request.write with data.rails.build.revision as request.revision
}

test_approve_the_irreversible if {
	action_class.oblige == {request.approve} with input as request.mail
		with data.rails.build.revision as request.revision
}

test_nothing_to_approve_for_a_persons_act if {
	count(action_class.oblige) == 0 with input as request.decide
	count(action_class.deny) == 0 with input as request.decide
}

test_approve_an_act_that_is_no_persons if {
	action_class.oblige == {request.approve} with input as request.decide
		with input.principal.on_behalf_of as "ann"
}

test_deny_a_class_that_is_not_the_acts_own if {
	action_class.deny == {mismatch} with input as request.decide with input.action.action_class as "read"
}

test_approve_what_has_no_class if {
	action_class.oblige == {request.approve} with input as json.remove(request.write, ["action/action_class"])
		with data.rails.build.revision as request.revision
}

test_nothing_to_approve_once_approved if {
	count(action_class.oblige) == 0 with input as request.approved with data.rails.build.revision as request.revision
}

test_approve_again_without_a_revision if {
	action_class.oblige == {request.approve} with input as request.approved
}

test_nothing_to_approve_for_an_unattended_tool_at_level_3 if {
	count(action_class.oblige) == 0 with input as request.mail
		with input.context.run.autonomy as 3
		with data.rails.config.autonomy.unattended_irreversible as ["mail.send"]
}

test_approve_at_level_3_what_is_not_unattended if {
	action_class.oblige == {request.approve} with input as request.mail
		with input.context.run.autonomy as 3
		with data.rails.config.autonomy.unattended_irreversible as ["files.delete"]
}

test_approve_an_unattended_tool_below_level_3 if {
	action_class.oblige == {request.approve} with input as request.mail
		with data.rails.config.autonomy.unattended_irreversible as ["mail.send"]
}

unvouched := {"integrity": "unvouched", "confidentiality": "public", "sources": ["agent"]}

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

# A mail in an attended run whose words name its recipient, after something untrusted was read.
proved := object.union(request.mail, {"context": {
	"run": {"label": foreign},
	"intent": {"spoken": true, "kinds": {"message.send": null}},
	"labels": {"subject": foreign, "body": foreign},
	"actionable": {"body": unvouched},
}})

listing := ["mail.send"]

asked(document) := result if {
	result := count(action_class.oblige) with input as document
		with data.rails.config.autonomy.proved_irreversible as listing
}

test_proved_work_goes_alone_where_it_is_listed if {
	asked(proved) == 0
	count(action_class.oblige) == 1 with input as proved
}

test_a_person_is_asked_about_what_is_not_proved if {
	every facts in [
		{"labels": {"to": foreign}},
		{"labels": {"to": unvouched}},
		{"labels": {"to": null}},
		{"actionable": {"body": foreign}},
		{"actionable": {"subject": null}},
		{"run": {"autonomy": 1}},
		{"run": {"autonomy": 3}},
		{"intent": {"spoken": false}},
		{"proposer": "undo"},
		{"version": 7},
	] {
		asked(object.union(proved, {"context": facts})) == 1
	}
	asked(json.remove(proved, ["context/labels/to"])) == 1
	asked(json.remove(proved, ["context/actionable"])) == 1
}

test_a_person_is_asked_where_a_critical_argument_is_not_proved if {
	doubt := object.union(proved, {"context": {"labels": {"subject": foreign}}})
	every names in [["subject"], null, ["other"]] {
		asked(doubt) == 1 with data.rails.config.tools["mail.send"].critical_arguments as names
	}
	own := object.union(proved, {"context": {"labels": {"subject": request.trusted}}})
	asked(own) == 0 with data.rails.config.tools["mail.send"].critical_arguments as ["subject"]
}

test_a_person_is_asked_where_nothing_is_to_be_proved if {
	asked(proved) == 1 with data.rails.config.tools["mail.send"].trusted_arguments as []
	every effects in [[], null] {
		asked(proved) == 1 with data.rails.config.tools["mail.send"].effect as effects
	}
}
