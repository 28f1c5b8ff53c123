# METADATA
# title: Asked role
# description: >-
#   An approval asks for a person with a certain role, and only such a person may decide it. An act that nobody was
#   asked for waives this guard (asked_role).
# custom:
#   codes:
#     role_missing: "It takes the role {role}."
package rails.rules.asked_role

import data.rails.lib.catalogue

default asked := null

asked := input.context.subject.role

# METADATA
# title: Held
# description: The role must be known, and the person must hold it.
deny contains {"code": "role_missing", "parameters": {"role": asked}} if {
	catalogue.is_act
	not is_waived
	not is_held
}

is_waived if catalogue.waives("asked_role")

is_held if {
	is_string(asked)
	is_array(input.principal.roles)
	asked in input.principal.roles
}
