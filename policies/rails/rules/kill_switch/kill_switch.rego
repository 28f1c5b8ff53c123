# METADATA
# title: Kill switch
# description: >-
#   The runtime sends the engaged switches that cover this request; any of them stops it. An act that must be possible
#   while everything is stopped waives this guard (kill_switch): to release, cancel, erase, resolve, export.
# custom:
#   codes:
#     killed: "The kill switch for {scope} {id} is engaged."
#     kill_switch_unknown: "The kill switches are missing or unreadable."
package rails.rules.kill_switch

import data.rails.lib.catalogue

# METADATA
# title: Engaged
# description: The list of switches must be known and empty.
deny contains {"code": "killed", "parameters": {
	"scope": object.get(switch, "scope", "unknown"),
	"id": object.get(switch, "id", "unknown"),
}} if {
	not is_waived
	some switch in input.context.kill_switches
}

deny contains {"code": "kill_switch_unknown", "parameters": {}} if not is_readable

is_waived if catalogue.waives("kill_switch")

is_readable if {
	is_array(input.context.kill_switches)
	every switch in input.context.kill_switches {
		is_object(switch)
	}
}
