# METADATA
# title: Grants
# description: A tool is allowed only by a role the principal holds.
# custom:
#   codes:
#     granted: "The role {role} grants this tool."
package rails.rules.grants

# METADATA
# title: Granted
# description: A role of the principal lists the tool.
allow contains {"code": "granted", "parameters": {"role": role}} if {
	is_array(input.principal.roles)
	some role in input.principal.roles
	input.action.tool in data.rails.config.grants[role]
}
