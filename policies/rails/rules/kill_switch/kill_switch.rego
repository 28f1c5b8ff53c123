# METADATA
# title: Kill switch
# description: The runtime sends the engaged switches that cover this request; any of them stops it.
# custom:
#   codes:
#     killed: "The kill switch for {scope} {id} is engaged."
#     kill_switch_unknown: "The kill switches are missing or unreadable."
package rails.rules.kill_switch

# METADATA
# title: Engaged
# description: The list of switches must be known and empty.
deny contains {"code": "killed", "parameters": {
	"scope": object.get(switch, "scope", "unknown"),
	"id": object.get(switch, "id", "unknown"),
}} if {
	some switch in input.context.kill_switches
}

deny contains {"code": "kill_switch_unknown", "parameters": {}} if not is_readable

is_readable if {
	is_array(input.context.kill_switches)
	every switch in input.context.kill_switches {
		is_object(switch)
	}
}
