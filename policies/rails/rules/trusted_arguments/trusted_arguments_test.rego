package rails.rules.trusted_arguments_test

import data.rails.request_test as request
import data.rails.rules.trusted_arguments

document := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["document:d1"]}

own_word := {"integrity": "unvouched", "confidentiality": "public", "sources": ["agent", "principal"]}

refused(argument) := {"code": "untrusted_argument", "parameters": {"argument": argument}}

report := {"egress": "none", "arguments": {"document": {}, "cc": {}}}

listing(names) := {"report.write": object.union(report, {"trusted_arguments": names})}

test_nothing_against_a_trusted_argument if {
	count(trusted_arguments.deny) == 0 with input as request.write with data.rails.config.tools as listing(["document"])
}

test_nothing_against_a_tool_that_lists_none if {
	count(trusted_arguments.deny) == 0 with input as request.write with input.context.labels.document as document
}

test_nothing_against_a_listed_argument_that_is_left_out if {
	count(trusted_arguments.deny) == 0 with input as request.write with data.rails.config.tools as listing(["cc"])
}

test_deny_an_untrusted_argument if {
	trusted_arguments.deny == {refused("document")} with input as request.write
		with data.rails.config.tools as listing(["document"])
		with input.context.labels.document as document
}

test_deny_the_agents_own_word_before_anything_was_read if {
	trusted_arguments.deny == {refused("document")} with input as request.write
		with data.rails.config.tools as listing(["document"])
		with input.context.labels.document as own_word
}

test_deny_an_argument_without_a_label if {
	trusted_arguments.deny == {refused("document")}
		with input as json.remove(request.write, ["context/labels/document"])
		with data.rails.config.tools as listing(["document"])
	trusted_arguments.deny == {refused("document")} with input as json.remove(request.write, ["context/labels"])
		with data.rails.config.tools as listing(["document"])
}

test_deny_every_argument_of_a_tool_that_does_not_say_which if {
	refused("document") in trusted_arguments.deny with input as request.write
		with data.rails.config.tools as {"report.write": report}
		with input.context.labels.document as document
	every names in ["document", null, {"document": []}, ["tto"]] {
		refused("document") in trusted_arguments.deny with input as request.write
			with data.rails.config.tools as listing(names)
			with input.context.labels.document as document
	}
}

test_nothing_against_trusted_arguments_of_a_tool_that_does_not_say_which if {
	count(trusted_arguments.deny) == 0 with input as request.write
		with data.rails.config.tools as {"report.write": report}
}

test_deny_an_argument_that_is_only_labelled if {
	trusted_arguments.deny == {refused("cc")} with input as request.write
		with data.rails.config.tools as listing(["cc"])
		with input.context.labels.cc as document
}

asked(change) := object.union(
	object.union(request.write, {"context": {
		"labels": {"document": document},
		"intent": {"spoken": true, "kinds": {"report.write": null}},
	}}),
	change,
)

test_a_person_who_attends_is_asked_about_a_doubtful_argument if {
	listed := listing(["document"])
	count(trusted_arguments.deny) == 0 with input as asked({}) with data.rails.config.tools as listed
	trusted_arguments.oblige == {request.approve} with input as asked({}) with data.rails.config.tools as listed
	count(trusted_arguments.oblige) == 0 with input as asked({"context": {"approvals": [request.approval]}})
		with data.rails.config.tools as listed
		with data.rails.build.revision as request.revision
}

test_deny_a_doubtful_argument_where_nobody_attends_or_nothing_is_known if {
	listed := listing(["document"])
	every change in [
		{"context": {"run": {"autonomy": 3}}},
		{"context": {"intent": {"spoken": false}}},
		{"context": {"proposer": "undo"}},
		{"context": {"labels": {"document": {"integrity": "blessed"}}}},
	] {
		trusted_arguments.deny == {refused("document")} with input as asked(change)
			with data.rails.config.tools as listed
	}
	unlabelled := json.remove(asked({}), ["context/labels/document"])
	trusted_arguments.deny == {refused("document")} with input as unlabelled with data.rails.config.tools as listed
}
