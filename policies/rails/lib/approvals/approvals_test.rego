package rails.lib.approvals_test

import data.rails.lib.approvals
import data.rails.request_test as request

settings := data.rails.config.approval

counts(change) if {
	changed := object.union(request.approval, change)
	approvals.is_approved(request.with_approval(changed), request.revision, settings)
}

test_a_good_approval_counts if counts({})

test_no_approval_does_not_count if not approvals.is_approved(request.mail, request.revision, settings)

bad := [
	{"verdict": "rejected"},
	{"used": true},
	{"used": null},
	{"expires": 1000},
	{"expires": "later"},
	{"revision": "r0"},
	{"reviewer": "ann"},
	{"reviewer": "agent:1"},
	{"requester": "rita"},
	{"reviewer": null},
	{"reviewer": ""},
	{"reviewer": " "},
	{"reviewer": "Ann"},
	{"reviewer": "ann "},
	{"reviewer": "rita", "requester": " RITA"},
	{"reviewer_roles": ["analyst"]},
	{"reviewer_roles": {"a": "reviewer"}},
	{"role": "analyst", "reviewer_roles": ["analyst", "reviewer"]},
	{"seat": "analyst"},
	{"seat": "analyst", "role": "analyst", "reviewer_roles": ["analyst"]},
]

test_one_bad_fact_and_it_does_not_count if {
	every change in bad {
		not counts(change)
	}
}

test_one_missing_fact_and_it_does_not_count if {
	every fact in object.keys(object.remove(request.approval, {"id"})) {
		verdict := object.remove(request.approval, {fact})
		asked := object.union(request.mail, {"context": {"approvals": [verdict]}})
		not approvals.is_approved(asked, request.revision, settings)
	}
}

test_an_approval_under_another_revision_of_the_run_does_not_count if {
	not approvals.is_approved(request.approved, "r2", settings)
	moved := object.union(request.approved, {"context": {"run": {"revision": "r0"}}})
	not approvals.is_approved(moved, request.revision, settings)
}

test_an_approval_at_an_unknown_time_does_not_count if {
	timeless := json.remove(request.approved, ["context/now"])
	not approvals.is_approved(timeless, request.revision, settings)
	nowhen := object.union(request.approved, {"context": {"now": null}})
	not approvals.is_approved(nowhen, request.revision, settings)
}

test_a_verdict_is_over_only_when_that_is_known if {
	approvals.is_used({"used": true})
	not approvals.is_used({})
	approvals.is_expired({"expires": 5}, 5)
	not approvals.is_expired({"expires": 6}, 5)
	not approvals.is_expired({"expires": null}, 5)
	not approvals.is_expired({"expires": 5}, "later")
	approvals.is_outdated({"revision": "r0"}, "r1")
	not approvals.is_outdated({"revision": "r1"}, "r1")
	not approvals.is_outdated({}, "r1")
	not approvals.is_outdated({"revision": null}, "r1")
}

two := object.union(settings, {"quorums": [{
	"tool": "mail.send",
	"needs": [{"role": "legal", "count": 2}, {"role": "reviewer", "count": 1}],
}]})

legal(name) := object.union(
	request.approval,
	{"reviewer": name, "reviewer_roles": ["legal", "reviewer"], "seat": "legal", "role": "legal"},
)

stands(verdicts) if approvals.is_approved(request.with_verdicts(verdicts), request.revision, two)

test_as_many_people_as_it_takes_in_each_role if stands([legal("leo"), legal("lea"), request.approval])

test_one_too_few_in_any_role if {
	not stands([legal("leo"), legal("lea")])
	not stands([legal("leo"), request.approval])
	not stands([legal("leo"), legal("lea"), object.union(request.approval, {"verdict": "rejected"})])
}

test_one_person_counts_once if {
	every other in ["leo", "Leo", " LEO "] {
		not stands([legal("leo"), legal(other), request.approval])
	}
}

test_nobody_counts_in_two_seats if {
	not stands([legal("leo"), legal("rita"), request.approval])
	not stands([legal("leo"), legal("lea"), legal("rita"), request.approval])
	unknown := object.remove(legal("rita"), {"seat"})
	not stands([legal("leo"), legal("lea"), unknown, request.approval])
}

test_verdicts_on_two_questions_do_not_add_up if {
	not stands([legal("leo"), object.union(legal("lea"), {"id": "a2"}), request.approval])
}

test_a_role_above_answers_for_a_seat if {
	above := {"reviewer": "ada", "reviewer_roles": ["administrator"], "role": "administrator"}
	counts(above)
	not counts(object.union(above, {"reviewer_roles": ["reviewer"]}))
	stands([legal("leo"), legal("lea"), object.union(request.approval, above)])
	not stands([legal("leo"), object.union(legal("lea"), {"role": "reviewer"}), request.approval])
}

test_an_owner_of_the_agent_does_not_count if {
	owned := object.union(settings, {"owners": [{"agent": "contract_review", "person": "Rita"}]})
	not approvals.is_approved(request.approved, request.revision, owned)
	elsewhere := object.union(settings, {"owners": [{"agent": "other", "person": "rita"}]})
	approvals.is_approved(request.approved, request.revision, elsewhere)
	nameless := json.remove(request.approved, ["context/run/agent"])
	not approvals.is_approved(nameless, request.revision, elsewhere)
}

test_who_wrote_an_edit_does_not_count if {
	edited := object.union(request.approved, {"context": {"editors": [" Rita"]}})
	not approvals.is_approved(edited, request.revision, settings)
	unknown := json.remove(request.approved, ["context/editors"])
	not approvals.is_approved(unknown, request.revision, settings)
}

test_a_need_that_is_unreadable_is_not_configured if {
	approvals.is_configured(two)
	bad := [
		{"quorums": [{"tool": "mail.send", "needs": []}]},
		{"quorums": [{"tool": "mail.send", "needs": [{"role": "legal", "count": 0}]}]},
		{"quorums": [{"tool": "mail.send", "needs": [{"role": "legal"}]}]},
		{"quorums": [{"tool": "mail.send", "needs": [{"count": 1}]}]},
		{"quorums": [{"needs": [{"role": "legal", "count": 1}]}]},
		{"quorums": [{"tool": "mail.send", "needs": [{"role": "legal", "count": 1}, {"role": "legal", "count": 2}]}]},
		{"quorums": array.concat(two.quorums, two.quorums)},
		{"quorums": null},
		{"escalation": [{"role": "reviewer"}]},
		{"owners": [{"agent": "contract_review"}]},
		{"overdue_s": 0},
		{"look_s": 0},
	]
	every change in bad {
		not approvals.is_configured(object.union(settings, change))
	}
}
