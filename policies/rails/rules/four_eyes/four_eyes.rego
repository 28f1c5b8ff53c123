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
#     self_approval: "The reviewer of {approval} acts, is acted for, asked, owns the agent, or wrote an edit of it."
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

is_configured if approvals.is_configured(data.rails.config.approval)

is_readable if {
	is_array(input.context.approvals)
	every approval in input.context.approvals {
		is_object(approval)
	}
}

is_approval(approval) if approval.verdict == "approved"

is_entitled(approval) if approvals.is_entitled(approval, input.action.tool, data.rails.config.approval)

is_independent(approval) if approvals.is_independent(approval, input, data.rails.config.approval)

is_over(approval) if approvals.is_used(approval)

is_over(approval) if approvals.is_expired(approval, input.context.now)

is_over(approval) if approvals.is_outdated(approval, data.rails.build.revision)

name(approval) := object.get(approval, "id", null)
