package rails.rules.revision_test

import data.rails.request_test as request
import data.rails.rules.revision

denied := {{"code": "revision_mismatch", "parameters": {}}}

test_nothing_against_the_revision_of_the_run if {
	count(revision.deny) == 0 with input as request.write with data.rails.build.revision as request.revision
}

test_deny_another_revision if {
	revision.deny == denied with input as request.write with data.rails.build.revision as "r2"
}

test_deny_a_missing_revision if {
	revision.deny == denied with input as json.remove(request.write, ["context/run/revision"])
		with data.rails.build.revision as request.revision
	revision.deny == denied with input as request.write
}
