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
