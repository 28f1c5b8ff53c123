# METADATA
# title: Trusted arguments
# description: >-
#   Some arguments choose what is touched, such as the path of a file to read. They must come from the principal's own
#   request, whatever the tool and whatever was read before: neither a value that was read somewhere nor the agent's own
#   word may choose what is read next.
# custom:
#   codes:
#     untrusted_argument: "The argument {argument} must come from the request itself."
package rails.rules.trusted_arguments

# METADATA
# title: Chosen by the principal
# description: Each argument that the configuration lists is labelled trusted.
deny contains {"code": "untrusted_argument", "parameters": {"argument": argument}} if {
	rules := data.rails.config.tools[input.action.tool]
	rules.egress == "none" # destinations of the others are the business of data_labels
	some argument in rules.trusted_arguments
	not is_trusted(argument)
}

is_trusted(argument) if input.context.labels[argument].integrity == "trusted"

# An argument that may be left out, and is, chooses nothing.
is_trusted(argument) if {
	is_object(input.action.arguments)
	is_object(input.context.labels)
	not is_mentioned(argument)
}

is_mentioned(argument) if argument in names

names contains argument if some argument, _ in input.action.arguments

names contains argument if some argument, _ in input.context.labels
