# METADATA
# title: Four eyes
# description: >-
#   A verdict that is not over binds: it must be an approval, by an entitled person other than the ones it serves.
#   A used, expired or outdated verdict is not counted, so the request waits again.
# custom:
#   codes:
#     approval_unconfigured: "Who answers approvals, or for how long they are asked, is not configured."
#     approvals_unknown: "The approvals of this request are missing or unreadable."
#     approval_rejected: "A reviewer said no ({approval})."
#     approval_unentitled: "The reviewer of {approval} may not answer approvals."
#     self_approval: "The reviewer of {approval} is the one who acts, is acted for, or asked."
package rails.rules.four_eyes

import data.rails.lib.approvals

# METADATA
# title: Verdict
# description: Every verdict that is not over must be a good one.
deny contains {"code": "approval_unconfigured", "parameters": {}} if not is_configured

deny contains {"code": "approvals_unknown", "parameters": {}} if not is_readable

deny contains {"code": "approval_rejected", "parameters": {"approval": name(approval)}} if {
	some approval in binding
	not is_approval(approval)
}

deny contains {"code": "approval_unentitled", "parameters": {"approval": name(approval)}} if {
	some approval in binding
	not is_entitled(approval)
}

deny contains {"code": "self_approval", "parameters": {"approval": name(approval)}} if {
	some approval in binding
	not is_independent(approval)
}

binding contains approval if {
	some approval in input.context.approvals
	not is_over(approval)
}

is_configured if {
	is_string(data.rails.config.approval.role)
	is_number(data.rails.config.approval.ttl_s)
	data.rails.config.approval.ttl_s > 0
}

is_readable if {
	is_array(input.context.approvals)
	every approval in input.context.approvals {
		is_object(approval)
	}
}

is_approval(approval) if approval.verdict == "approved"

is_entitled(approval) if approvals.is_entitled(approval, data.rails.config.approval.role)

is_independent(approval) if approvals.is_independent(approval, input.principal)

is_over(approval) if approvals.is_used(approval)

is_over(approval) if approvals.is_expired(approval, input.context.now)

is_over(approval) if approvals.is_outdated(approval, data.rails.build.revision)

name(approval) := object.get(approval, "id", null)
