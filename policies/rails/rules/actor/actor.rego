# METADATA
# title: Actor
# description: Acts are for people, everything else is for agents.
# custom:
#   codes:
#     not_a_person: "Only a person may do {tool}."
#     not_an_agent: "Only an agent that works for somebody may use {tool}."
package rails.rules.actor

import data.rails.lib.catalogue

default tool := null

tool := input.action.tool

# METADATA
# title: Kind of principal
# description: The principal is known to be of the kind that the tool or act is for.
deny contains {"code": "not_a_person", "parameters": {"tool": tool}} if {
	catalogue.is_act
	not catalogue.is_person
}

deny contains {"code": "not_an_agent", "parameters": {"tool": tool}} if {
	not catalogue.is_act
	not catalogue.is_agent
}
