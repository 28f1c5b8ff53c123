# METADATA
# title: External
# description: >-
#   An application outside asks only about what it carries out itself, and states every argument that the entry lists:
#   a fact that is left out must not help.
# custom:
#   codes:
#     not_external: "{tool} is nothing that an application outside carries out."
#     argument_missing: "The application did not state {argument}."
package rails.rules.external

import data.rails.lib.catalogue

default tool := null

tool := input.action.tool

# METADATA
# title: Asked from outside
# description: What is asked for must be external, and its arguments must all be there.
deny contains {"code": "not_external", "parameters": {"tool": tool}} if {
	input.context.run.agent == "@access"
	not catalogue.is_external
}

deny contains {"code": "argument_missing", "parameters": {"argument": argument}} if {
	catalogue.is_external
	some argument, limits in catalogue.tool.arguments
	not is_optional(limits)
	not is_stated(argument)
}

is_optional(limits) if limits.optional == true

is_stated(argument) if argument in object.keys(input.action.arguments)
