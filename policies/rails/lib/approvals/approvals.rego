# METADATA
# title: Approvals
# description: >-
#   Which verdicts count, and when enough of them stand. A verdict permits only when every fact about it is known and
#   good (is_valid); it blocks unless it is known to be used, expired or outdated. So a missing fact never helps.
package rails.lib.approvals

import data.rails.lib.catalogue

# METADATA
# title: Obligation
# description: >-
#   The obligation to wait for people. Rules four_eyes and open_approvals deny when its parameters are not configured.
obligation(settings, limits, tool) := {"kind": "approve", "parameters": {
	"role": settings.role,
	"ttl_s": settings.ttl_s,
	"overdue_s": settings.overdue_s,
	"look_s": settings.look_s,
	"seats": [seat(settings, need) | some need in needs(settings, tool)],
	"open_of_run": limits.open_approvals.run,
	"open_of_tenant": limits.open_approvals.tenant,
}}

seat(settings, need) := {
	"role": need.role,
	"count": need.count,
	"above": [step.to | some step in settings.escalation; step.role == need.role],
}

# METADATA
# title: Needs
# description: Whose verdicts a tool takes, and how many of each; a tool that is not listed takes one.
needs(settings, tool) := [need |
	some entry in settings.quorums
	entry.tool == tool
	some need in entry.needs
] if is_listed(settings, tool)

needs(settings, tool) := [{"role": settings.role, "count": 1}] if not is_listed(settings, tool)

is_listed(settings, tool) if {
	some entry in settings.quorums
	entry.tool == tool
}

# METADATA
# title: Is configured
# description: Everything is stated that says who answers, and nothing of it is unreadable.
is_configured(settings) if {
	is_string(settings.role)
	is_duration(settings.ttl_s)
	is_duration(settings.overdue_s)
	is_duration(settings.look_s)
	is_array(settings.quorums)
	is_array(settings.escalation)
	is_array(settings.owners)
	every entry in settings.quorums {
		is_quorum(entry)
	}
	count({entry.tool | some entry in settings.quorums}) == count(settings.quorums)
	every step in settings.escalation {
		catalogue.is_name(step.role)
		catalogue.is_name(step.to)
	}
	every entry in settings.owners {
		catalogue.is_name(entry.agent)
		catalogue.is_name(entry.person)
	}
}

is_duration(seconds) if {
	is_number(seconds)
	seconds > 0
}

is_quorum(entry) if {
	catalogue.is_name(entry.tool)
	is_array(entry.needs)
	count(entry.needs) > 0
	count({need.role | some need in entry.needs}) == count(entry.needs)
	every need in entry.needs {
		catalogue.is_name(need.role)
		is_number(need.count)
		need.count >= 1
	}
}

# METADATA
# title: Is approved
# description: The verdicts of one question on *request*, given under *revision*, are as many as it takes.
is_approved(request, revision, settings) if is_approved_since(request, revision, settings, set())

# METADATA
# title: Is approved since
# description: The same, by a question that is none of *overtaken*; a set that is not known approves nothing.
is_approved_since(request, revision, settings, overtaken) if {
	request.context.run.revision == revision
	some id in ({verdict.id | some verdict in request.context.approvals} - overtaken)
	has_quorum(request, revision, settings, id)
}

# METADATA
# title: Has quorum
# description: Each need of the tool is met by different entitled people, who count nowhere else.
has_quorum(request, revision, settings, id) if {
	wanted := needs(settings, request.action.tool)
	count(wanted) > 0
	every need in wanted {
		count(people(request, revision, settings, id, need)) >= need.count
	}
}

people(request, revision, settings, id, need) := {person(verdict.reviewer) |
	some verdict in request.context.approvals
	verdict.id == id
	verdict.seat == need.role
	is_valid(verdict, request, revision, settings)
	is_in_one_seat(verdict, request)
}

# METADATA
# title: Is in one seat
# description: Nobody fills two seats of one question; who has verdicts in two of them counts in neither.
is_in_one_seat(verdict, request) if {
	seats := {object.get(other, "seat", null) |
		some other in request.context.approvals
		object.get(other, "id", verdict.id) == verdict.id
		person(object.get(other, "reviewer", verdict.reviewer)) == person(verdict.reviewer)
	}
	count(seats) == 1
}

# METADATA
# title: Is valid
# description: The verdict helps to permit the act.
is_valid(verdict, request, revision, settings) if {
	verdict.verdict == "approved"
	verdict.used == false
	is_number(request.context.now)
	is_number(verdict.expires)
	verdict.expires > request.context.now
	verdict.revision == revision
	is_independent(verdict, request, settings)
	is_entitled(verdict, request.action.tool, settings)
}

# METADATA
# title: Is used
# description: The verdict has served its one act.
is_used(verdict) if verdict.used == true

# METADATA
# title: Is expired
# description: The time of the verdict is up.
is_expired(verdict, now) if {
	is_number(now)
	is_number(verdict.expires)
	verdict.expires <= now
}

# METADATA
# title: Is outdated
# description: The verdict was given under another policy.
is_outdated(verdict, revision) if {
	is_string(verdict.revision)
	verdict.revision != revision
}

# METADATA
# title: Is independent
# description: >-
#   The reviewer is somebody, and neither the one who acts, nor the one acted for, nor the one who asked, nor an owner
#   of the agent, nor somebody who wrote an edit of it. The runtime sends names in one form; names that still differ in
#   case or in the space around them are one person's.
is_independent(verdict, request, settings) if {
	reviewer := person(verdict.reviewer)
	is_string(reviewer)
	reviewer != ""
	reviewer != person(request.principal.id)
	reviewer != person(request.principal.on_behalf_of)
	reviewer != person(verdict.requester)
	is_array(request.context.editors)
	every editor in request.context.editors {
		reviewer != person(editor)
	}
	catalogue.is_name(request.context.run.agent)
	not owns(settings, request.context.run.agent, reviewer)
}

# METADATA
# title: Owns
# description: The policy's data name *name* as an owner of *agent*.
owns(settings, agent, name) if {
	some entry in settings.owners
	entry.agent == agent
	person(entry.person) == person(name)
}

person(name) := lower(trim_space(name)) if is_string(name)

person(null) := null

# METADATA
# title: Is entitled
# description: The verdict was given in a role that the reviewer holds and that answers for its seat, or is above it.
is_entitled(verdict, tool, settings) if {
	is_array(verdict.reviewer_roles)
	verdict.role in verdict.reviewer_roles
	verdict.seat in {need.role | some need in needs(settings, tool)}
	answers_for(verdict.role, verdict.seat, settings)
}

answers_for(role, role, _)

answers_for(role, seat, settings) if {
	some step in settings.escalation
	step.role == seat
	step.to == role
}
