package rails.rules.attentive_test

import data.rails.request_test as request
import data.rails.rules.attentive

unknown := {{"code": "attention_unknown", "parameters": {}}}

lost := {{"code": "attention_lost", "parameters": {"missed": 3, "catches": 3}}}

miss := {"at": 990, "caught": false}

catch := {"at": 995, "caught": true}

denials(canaries) := result if {
	result := attentive.deny with input as request.decide with input.context.subject.canaries as canaries
}

test_nothing_against_who_met_none if count(denials([])) == 0

test_nothing_against_as_many_misses_as_are_let_pass if count(denials([miss, miss])) == 0

test_deny_one_miss_more if denials([miss, miss, miss]) == lost

test_rejecting_stays_allowed if {
	count(attentive.deny) == 0 with input as request.decide
		with input.context.subject.canaries as [miss, miss, miss]
		with input.action.arguments.verdict as "rejected"
}

test_catching_makes_what_was_missed_before_good if {
	count(denials([miss, miss, miss, catch, catch, catch])) == 0
	denials([miss, miss, miss, catch, catch]) == lost
	denials([catch, catch, catch, miss, miss, miss]) == lost
}

test_what_is_longer_ago_counts_no_more if {
	old := [miss, miss, {"at": 1000 - data.rails.config.attention.window_s, "caught": false}]
	count(denials(old)) == 0
}

test_nothing_against_another_act_or_a_tool if {
	count(attentive.deny) == 0 with input as json.remove(request.cancel, ["context/subject"])
	count(attentive.deny) == 0 with input as request.write
}

test_deny_what_is_not_known if {
	every place in ["context/subject", "context/subject/canaries", "context/now"] {
		attentive.deny == unknown with input as json.remove(request.decide, [place])
	}
	denials(null) == unknown
	denials([{"at": 990}]) == unknown
	denials([{"caught": false}]) == unknown
	attentive.deny == unknown with input as request.decide with data.rails.config.attention as {}
}
