# METADATA
# title: Grants
# description: >-
#   A tool or act is allowed only by a role the principal holds. Every person holds the role everyone, and no agent
#   does. What a role grants to ROLE.steps is for the fixed steps of a workflow alone, to ROLE.planner for what its
#   planner proposes, and to ROLE.undo for taking an effect back; what it grants to ROLE is for all of them.
# custom:
#   codes:
#     granted: "The role {role} grants it."
package rails.rules.grants

import data.rails.lib.catalogue

# METADATA
# title: Granted
# description: A role of the principal lists the tool.
allow contains {"code": "granted", "parameters": {"role": name}} if {
	some name in catalogue.granting(input.action.tool)
}

allow contains {"code": "granted", "parameters": {"role": "everyone"}} if {
	catalogue.is_persons_act
	input.action.tool in data.rails.config.grants.everyone
}
