package rails.rules.tool_limits_test

import data.rails.request_test as request
import data.rails.rules.tool_limits

denials(arguments, limits) := result if {
	result := tool_limits.deny with input as request.write
		with input.action.arguments as arguments
		with data.rails.config.tools as {"report.write": {"arguments": limits}}
}

broken(argument, limit) := {{"code": "argument_limit", "parameters": {"argument": argument, "limit": limit}}}

test_nothing_against_listed_arguments if {
	count(tool_limits.deny) == 0 with input as request.write
	count(tool_limits.deny) == 0 with input as request.mail
}

test_whether_an_argument_is_shown_or_optional_is_no_limit if {
	count(denials({"html": "x"}, {"html": {"shown": true}})) == 0
	count(denials({"html": "x"}, {"html": {"optional": true}})) == 0
	denials({"html": "xx"}, {"html": {"shown": true, "max_chars": 1}}) == broken("html", "max_chars")
}

test_an_act_has_limits_too if {
	count(tool_limits.deny) == 0 with input as request.decide
	tool_limits.deny == broken("verdict", "one_of") with input as request.decide
		with input.action.arguments.verdict as "maybe"
	tool_limits.deny == {{"code": "argument_unknown", "parameters": {"argument": "force"}}}
		with input as request.decide
		with input.action.arguments.force as true
}

test_deny_an_unknown_tool if {
	tool_limits.deny == {{"code": "unknown_tool", "parameters": {"tool": "shell.run"}}} with input as request.write
		with input.action.tool as "shell.run"
		with input.action.arguments as {}
}

test_deny_a_missing_tool if {
	tool_limits.deny == {{"code": "unknown_tool", "parameters": {"tool": null}}} with input as request.write
		with input.action as {"arguments": {}}
}

test_deny_arguments_that_do_not_fit_the_schema if {
	tool_limits.deny == {{"code": "schema_invalid", "parameters": {}}} with input as request.write
		with input.context.schema_valid as false
}

test_deny_when_nobody_checked_the_schema if {
	tool_limits.deny == {{"code": "schema_invalid", "parameters": {}}} with input as json.remove(
		request.write,
		["context/schema_valid"],
	)
}

test_deny_missing_arguments if {
	tool_limits.deny == {{"code": "arguments_unknown", "parameters": {}}} with input as json.remove(
		request.write,
		["action/arguments"],
	)
}

test_deny_an_argument_that_is_not_listed if {
	denials({"force": true}, {"html": {}}) == {{"code": "argument_unknown", "parameters": {"argument": "force"}}}
}

test_max_chars if {
	count(denials({"html": "äöü"}, {"html": {"max_chars": 3}})) == 0
	denials({"html": "äöüß"}, {"html": {"max_chars": 3}}) == broken("html", "max_chars")
	denials({"html": 7}, {"html": {"max_chars": 3}}) == broken("html", "max_chars")
}

test_max_chars_of_a_projected_string if {
	count(denials({"html": {"chars": 2000, "sha256": "0"}}, {"html": {"max_chars": 2000}})) == 0
	denials({"html": {"chars": 2001, "sha256": "0"}}, {"html": {"max_chars": 2000}}) == broken("html", "max_chars")
	denials({"html": {"chars": null, "sha256": "0"}}, {"html": {"max_chars": 2000}}) == broken("html", "max_chars")
}

test_max_items if {
	count(denials({"html": [1, 2]}, {"html": {"max_items": 2}})) == 0
	denials({"html": [1, 2, 3]}, {"html": {"max_items": 2}}) == broken("html", "max_items")
	denials({"html": "ab"}, {"html": {"max_items": 2}}) == broken("html", "max_items")
}

test_max_items_of_a_projected_list if {
	count(denials({"html": {"items": 70, "sha256": "0"}}, {"html": {"max_items": 70}})) == 0
	denials({"html": {"items": 71, "sha256": "0"}}, {"html": {"max_items": 70}}) == broken("html", "max_items")
	denials({"html": {"items": null, "sha256": "0"}}, {"html": {"max_items": 70}}) == broken("html", "max_items")
}

test_min_and_max if {
	count(denials({"html": 0}, {"html": {"min": 0, "max": 9}})) == 0
	count(denials({"html": 9}, {"html": {"min": 0, "max": 9}})) == 0
	denials({"html": -1}, {"html": {"min": 0, "max": 9}}) == broken("html", "min")
	denials({"html": 10}, {"html": {"min": 0, "max": 9}}) == broken("html", "max")
	denials({"html": "10"}, {"html": {"min": 0}}) == broken("html", "min")
	denials({"html": null}, {"html": {"max": 9}}) == broken("html", "max")
}

test_one_of if {
	count(denials({"html": "a"}, {"html": {"one_of": ["a", "b"]}})) == 0
	denials({"html": "c"}, {"html": {"one_of": ["a", "b"]}}) == broken("html", "one_of")
}

test_deny_a_limit_nobody_knows if {
	denials({"html": "a"}, {"html": {"max_lines": 1}}) == broken("html", "max_lines")
}
