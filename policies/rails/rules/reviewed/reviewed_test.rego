package rails.rules.reviewed_test

import data.rails.request_test as request
import data.rails.rules.reviewed

unreviewed(tool) := {{"code": "tool_unreviewed", "parameters": {"tool": tool}}}

drifted := {{"code": "tool_drifted", "parameters": {"tool": "report.write"}}}

listing(schema) := {"report.write": {"schema": schema}}

test_nothing_against_the_reviewed_schema if count(reviewed.deny) == 0 with input as request.write

test_nothing_against_an_act if count(reviewed.deny) == 0 with input as request.decide

test_deny_another_schema if {
	reviewed.deny == drifted with input as request.write with input.context.tool_schema as "0b"
}

test_deny_an_unknown_schema if {
	reviewed.deny == drifted with input as json.remove(request.write, ["context/tool_schema"])
	reviewed.deny == drifted with input as request.write with input.context.tool_schema as null
	reviewed.deny == drifted with input as json.remove(request.write, ["context/tool_schema", "context/version"])
}

test_nothing_against_a_request_older_than_the_fact if {
	count(reviewed.deny) == 0 with input as request.write
		with input.context.tool_schema as null
		with input.context.version as 1
}

test_deny_a_tool_that_nobody_reviewed if {
	every schema in ["", null, 7] {
		reviewed.deny == unreviewed("report.write") with input as request.write
			with data.rails.config.tools as listing(schema)
	}
	reviewed.deny == unreviewed("report.write") with input as request.write
		with data.rails.config.tools as {"report.write": {}}
	reviewed.deny == unreviewed("report.write") with input as request.write
		with data.rails.config.tools as listing("")
		with input.context.tool_schema as ""
		with input.context.version as 1
}

test_deny_an_unknown_tool if {
	reviewed.deny == unreviewed("shell.run") with input as request.write with input.action.tool as "shell.run"
	reviewed.deny == unreviewed(null) with input as {}
}
