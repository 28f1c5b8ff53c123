package rails.rules.external_test

import data.rails.request_test as request
import data.rails.rules.egress
import data.rails.rules.external
import data.rails.rules.reviewed
import data.rails.rules.tool_limits

tools := {"todo.update": {"action_class": "write", "egress": "external", "arguments": {
	"subject.id": {"max_chars": 9},
	"resource.owner": {"same_as": "subject.id"},
	"context.note": {"optional": true},
}}}

asked := object.union(request.write, {
	"action": {"tool": "todo.update"},
	"context": {"run": {"agent": "@access"}, "tool_schema": "s", "proposer": "steps"},
})

stated := object.union(
	json.remove(asked, ["action/arguments"]),
	{"action": {"arguments": {"subject.id": "ann", "resource.owner": "ann"}}},
)

test_nothing_against_what_an_application_does_itself if {
	count(external.deny) == 0 with input as stated with data.rails.config.tools as tools
	count(egress.deny) == 0 with input as stated with data.rails.config.tools as tools
	count(reviewed.deny) == 0 with input as stated with data.rails.config.tools as tools
	count(tool_limits.deny) == 0 with input as stated with data.rails.config.tools as tools
}

test_nothing_against_an_agent_and_its_tool if {
	count(external.deny) == 0 with input as request.write
}

test_deny_what_is_carried_out_here if {
	external.deny == {{"code": "not_external", "parameters": {"tool": "report.write"}}} with input as request.write
		with input.context.run.agent as "@access"
	external.deny == {{"code": "not_external", "parameters": {"tool": "run.start"}}} with input as request.write
		with input.action.tool as "run.start"
		with input.context.run.agent as "@access"
}

test_deny_what_has_no_name if {
	nameless := json.remove(asked, ["action/tool"])
	external.deny == {{"code": "not_external", "parameters": {"tool": null}}} with input as nameless
}

test_deny_an_argument_that_is_left_out if {
	external.deny == {{"code": "argument_missing", "parameters": {"argument": "resource.owner"}}} with input as asked
		with input.action.arguments as {"subject.id": "ann"}
		with data.rails.config.tools as tools
}

test_deny_another_value_than_the_one_it_must_be_the_same_as if {
	broken := {{"code": "argument_limit", "parameters": {"argument": "resource.owner", "limit": "same_as"}}}
	tool_limits.deny == broken with input as asked
		with input.action.arguments as {"subject.id": "ann", "resource.owner": "bob"}
		with data.rails.config.tools as tools
	tool_limits.deny == broken with input as asked
		with input.action.arguments as {"resource.owner": "ann"}
		with data.rails.config.tools as tools
}

test_deny_an_agent_what_an_application_does_itself if {
	egress.deny == {{"code": "egress_unknown", "parameters": {}}} with input as asked
		with input.context.run.agent as "contract_review"
		with data.rails.config.tools as tools
}
