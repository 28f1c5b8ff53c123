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
