# METADATA
# title: Rails
# description: >-
#   Composes the rules into one answer. Deny overrides; a permit needs at least one allow and no deny; what is
#   undefined is a deny. A rule is a folder under rules/ defining any of allow, deny and oblige.
# scope: subpackages
# schemas:
#   - input: schema.input
#   - data.rails.config: schema.config
# custom:
#   codes:
#     not_granted: "Nothing allows {tool}."
#     no_revision: "The policy bundle carries no revision, so its answers cannot be replayed."
#     unknown_obligation: "A rule asks for something that has no place in the order of obligations."
#     conflicting_obligations: "Rules ask for different obligations of kind {kind}."
package rails

# The order in which the enforcement point discharges obligations: nobody is asked to approve what cannot be paid for.
obligation_order := ["reserve", "approve", "bound"]

default tool := null

tool := input.action.tool

# METADATA
# title: Revision
# description: The revision of this bundle, or the empty string.
default revision := ""

revision := data.rails.build.revision if is_string(data.rails.build.revision)

# METADATA
# title: Decision
# description: The whole answer; always exactly these four keys.
# entrypoint: true
decision := {
	"effect": effect,
	"reasons": [{"rule": rule, "code": code, "parameters": parameters} |
		some [rule, code, parameters] in sort(grounds[effect])
	],
	"obligations": [obligation |
		effect == "permit"
		some kind in obligation_order
		some obligation in obligations
		obligation.kind == kind
	],
	"revision": revision,
}

default effect := "deny"

effect := "permit" if {
	is_granted
	not is_denied
}

is_granted if some _ in data.rails.rules[_].allow

is_denied if some _ in data.rails.rules[_].deny

is_denied if count(faults) > 0

obligations contains obligation if some obligation in data.rails.rules[_].oblige

grounds.permit contains [rule, reason.code, reason.parameters] if {
	some rule
	some reason in data.rails.rules[rule].allow
}

grounds.deny contains [rule, reason.code, reason.parameters] if {
	some rule
	some reason in data.rails.rules[rule].deny
}

grounds.deny contains ["rails", fault.code, fault.parameters] if some fault in faults

faults contains {"code": "not_granted", "parameters": {"tool": tool}} if not is_granted

faults contains {"code": "no_revision", "parameters": {}} if revision == ""

faults contains {"code": "unknown_obligation", "parameters": {}} if {
	some obligation in obligations
	not has_known_kind(obligation)
}

faults contains {"code": "conflicting_obligations", "parameters": {"kind": kind}} if {
	some kind in obligation_order
	count([obligation | some obligation in obligations; obligation.kind == kind]) > 1
}

has_known_kind(obligation) if obligation.kind in obligation_order
