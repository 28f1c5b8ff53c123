package rails.lib.approvals_test

import data.rails.lib.approvals
import data.rails.request_test as request

counts(change) if {
	changed := object.union(request.approval, change)
	approvals.is_approved(request.with_approval(changed), request.revision, "reviewer")
}

test_a_good_approval_counts if counts({})

test_no_approval_does_not_count if not approvals.is_approved(request.mail, request.revision, "reviewer")

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
		not approvals.is_approved(asked, request.revision, "reviewer")
	}
}

test_an_approval_under_another_revision_of_the_run_does_not_count if {
	not approvals.is_approved(request.approved, "r2", "reviewer")
	moved := object.union(request.approved, {"context": {"run": {"revision": "r0"}}})
	not approvals.is_approved(moved, request.revision, "reviewer")
}

test_an_approval_at_an_unknown_time_does_not_count if {
	timeless := json.remove(request.approved, ["context/now"])
	not approvals.is_approved(timeless, request.revision, "reviewer")
	nowhen := object.union(request.approved, {"context": {"now": null}})
	not approvals.is_approved(nowhen, request.revision, "reviewer")
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
