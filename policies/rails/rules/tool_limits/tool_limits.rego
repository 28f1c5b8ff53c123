# METADATA
# title: Tool limits
# description: >-
#   A tool or act is known, its arguments fit its schema, and each argument is listed and within its limits. A
#   string arrives as {chars, sha256} unless its argument is shown, and a long list as {items, sha256}.
# custom:
#   codes:
#     unknown_tool: "The tool {tool} is not configured."
#     schema_invalid: "The arguments do not fit the schema."
#     argument_unknown: "The argument {argument} is not configured for this tool or act."
#     argument_limit: "The argument {argument} breaks its limit {limit}."
#     arguments_unknown: "The arguments are missing or unreadable."
package rails.rules.tool_limits

import data.rails.lib.catalogue

default tool := null

tool := input.action.tool

# METADATA
# title: Arguments
# description: Tool, schema and arguments must all be known good; a limit nobody knows is a broken one.
deny contains {"code": "unknown_tool", "parameters": {"tool": tool}} if not is_known

deny contains {"code": "schema_invalid", "parameters": {}} if not is_schema_valid

deny contains {"code": "arguments_unknown", "parameters": {}} if not has_arguments

deny contains {"code": "argument_unknown", "parameters": {"argument": argument}} if {
	some argument, _ in input.action.arguments
	not is_listed(argument)
}

deny contains {"code": "argument_limit", "parameters": {"argument": argument, "limit": limit}} if {
	some argument, value in input.action.arguments
	some limit, bound in catalogue.entry.arguments[argument]
	not bounds_nothing(limit)
	not is_within(limit, value, bound)
}

bounds_nothing("shown")

bounds_nothing("optional")

is_known if is_object(catalogue.entry)

is_schema_valid if input.context.schema_valid == true

has_arguments if is_object(input.action.arguments)

is_listed(argument) if is_object(catalogue.entry.arguments[argument])

is_within("max_chars", value, bound) if {
	is_string(value)
	count(value) <= bound
}

is_within("max_chars", value, bound) if {
	is_number(value.chars)
	value.chars <= bound
}

is_within("max_items", value, bound) if {
	is_array(value)
	count(value) <= bound
}

is_within("max_items", value, bound) if {
	is_number(value.items)
	value.items <= bound
}

is_within("min", value, bound) if {
	is_number(value)
	value >= bound
}

is_within("max", value, bound) if {
	is_number(value)
	value <= bound
}

is_within("one_of", value, bound) if value in bound

is_within("same_as", value, bound) if value == input.action.arguments[bound]
