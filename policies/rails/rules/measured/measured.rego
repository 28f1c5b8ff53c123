# METADATA
# title: Measured
# description: >-
#   An act whose entry names suites (measured) is done on a release that every one of them held for: the newest
#   measurement of the suite that was recorded for the release must have held. What was recorded is a fact of the
#   runtime; without it nothing is done. A rollout may put the release in force, so it needs what a promotion needs,
#   too.
# custom:
#   codes:
#     measures_unknown: "Which suites held for the release is not known, or which must have is not configured."
#     not_measured: "The newest recorded measurement of {suite} does not say that the release held."
package rails.rules.measured

import data.rails.lib.catalogue

# METADATA
# title: Held
# description: Both lists must be known, and each suite of the entry must be among those that held.
deny contains {"code": "measures_unknown", "parameters": {}} if {
	is_asked
	not is_known
}

deny contains {"code": "not_measured", "parameters": {"suite": suite}} if {
	is_asked
	is_known
	some entry in entries
	some suite in entry.measured
	not is_held(suite)
}

is_asked if {
	catalogue.is_act
	some entry in entries
	"measured" in object.keys(entry)
}

is_known if {
	every entry in entries {
		is_array(object.get(entry, "measured", []))
	}
	is_array(input.context.subject.evals)
}

entries contains catalogue.act

entries contains data.rails.config.acts["release.promote"] if input.action.tool == "rollout.start"

is_held(suite) if suite in input.context.subject.evals
