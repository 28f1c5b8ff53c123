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
	is_array(input.principal.roles)
	some role in input.principal.roles
	role != "everyone"
	not contains(role, ".") # a part of a role is no role
	some name in names(role)
	input.action.tool in data.rails.config.grants[name]
}

allow contains {"code": "granted", "parameters": {"role": "everyone"}} if {
	catalogue.is_persons_act
	input.action.tool in data.rails.config.grants.everyone
}

names(role) := {role} | {concat(".", [role, proposer]) | some proposer in proposers}

proposers contains input.context.proposer if input.context.proposer in {"steps", "planner", "undo"}
