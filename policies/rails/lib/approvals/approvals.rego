# METADATA
# title: Approvals
# description: >-
#   Which verdicts count. A verdict permits only when every fact about it is known and good (is_valid); it blocks
#   unless it is known to be used, expired or outdated. So a fact that is missing never helps.
package rails.lib.approvals

# METADATA
# title: Obligation
# description: >-
#   The obligation to wait for a person. Rules four_eyes and open_approvals deny when its parameters are not configured.
obligation(config) := {"kind": "approve", "parameters": {
	"role": config.approval.role,
	"ttl_s": config.approval.ttl_s,
	"open_of_run": config.limits.open_approvals.run,
	"open_of_tenant": config.limits.open_approvals.tenant,
}}

# METADATA
# title: Is approved
# description: One valid approval of *request* exists, given under *revision* by an entitled person.
is_approved(request, revision, role) if {
	request.context.run.revision == revision
	some approval in request.context.approvals
	is_valid(approval, request, revision, role)
}

# METADATA
# title: Is valid
# description: The approval permits the act.
is_valid(approval, request, revision, role) if {
	approval.verdict == "approved"
	approval.used == false
	is_number(request.context.now)
	is_number(approval.expires)
	approval.expires > request.context.now
	approval.revision == revision
	is_independent(approval, request.principal)
	is_entitled(approval, role)
}

# METADATA
# title: Is used
# description: The verdict has served its one act.
is_used(approval) if approval.used == true

# METADATA
# title: Is expired
# description: The time of the verdict is up.
is_expired(approval, now) if {
	is_number(now)
	is_number(approval.expires)
	approval.expires <= now
}

# METADATA
# title: Is outdated
# description: The verdict was given under another policy.
is_outdated(approval, revision) if {
	is_string(approval.revision)
	approval.revision != revision
}

# METADATA
# title: Is independent
# description: >-
#   The reviewer is somebody, and neither the one who acts, nor the one acted for, nor the one who asked. Names that
#   differ in case or in the space around them are one person's.
is_independent(approval, principal) if {
	reviewer := person(approval.reviewer)
	is_string(reviewer)
	reviewer != ""
	reviewer != person(principal.id)
	reviewer != person(principal.on_behalf_of)
	reviewer != person(approval.requester)
}

person(name) := lower(trim_space(name)) if is_string(name)

person(null) := null

# METADATA
# title: Is entitled
# description: The reviewer holds the role that answers approvals.
is_entitled(approval, role) if {
	is_array(approval.reviewer_roles)
	role in approval.reviewer_roles
}
