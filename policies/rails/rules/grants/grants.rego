# METADATA
# title: Grants
# description: >-
#   A tool or act is allowed only by a role the principal holds. Every person holds the role everyone, and no agent
#   does.
# custom:
#   codes:
#     granted: "The role {role} grants it."
package rails.rules.grants

import data.rails.lib.catalogue

# METADATA
# title: Granted
# description: A role of the principal lists the tool.
allow contains {"code": "granted", "parameters": {"role": role}} if {
	is_array(input.principal.roles)
	some role in input.principal.roles
	role != "everyone"
	input.action.tool in data.rails.config.grants[role]
}

allow contains {"code": "granted", "parameters": {"role": "everyone"}} if {
	catalogue.is_persons_act
	input.action.tool in data.rails.config.grants.everyone
}
